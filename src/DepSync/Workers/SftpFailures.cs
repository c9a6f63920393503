using System.Runtime.CompilerServices;
using DepSync.Model;
using DepSync.Sftp;

namespace DepSync.Workers;

/// <summary>What a failure of the SFTP client means to a worker's caller: one path failed, or the worker is lost. Immutable.</summary>
internal sealed class SftpFailures(Func<string> errorText)
{
    private const string LoginTextHint =
        "If a login script (.bashrc, .profile) or a forced command on the worker prints text, make it silent for logins without a terminal.";

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<T> Of<T>(RelativePath path, ValueTask<T> call)
    {
        try
        {
            return await call;
        }
        catch (SftpException refusal)
        {
            throw Refused(path, refusal);
        }
        catch (SftpLostException lost)
        {
            throw Lost(lost);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask Of(RelativePath path, ValueTask call)
    {
        try
        {
            await call;
        }
        catch (SftpException refusal)
        {
            throw Refused(path, refusal);
        }
        catch (SftpLostException lost)
        {
            throw Lost(lost);
        }
    }

    /// <summary>The same for a failure that was caught; null when it is none of the client's.</summary>
    public Exception? Of(RelativePath path, Exception thrown) => thrown switch
    {
        SftpException refusal => Refused(path, refusal),
        SftpLostException lost => Lost(lost),
        _ => null,
    };

    public static WorkerFileException Refused(RelativePath path, SftpException refusal) => new(ErrorOf(refusal.Status), path, refusal.Message, refusal);

    public WorkerLostException Lost(SftpLostException lost)
    {
        var said = errorText().Trim();
        var message = said.Length == 0 ? lost.Message : $"{lost.Message} It also said: {said}";
        return lost.Loss switch
        {
            SftpLoss.Protocol => new WorkerLostException(ErrorKind.Protocol, message, LoginTextHint, lost),
            SftpLoss.Idle => new WorkerLostException(ErrorKind.IdleTimeout, message, null, lost),
            _ => new WorkerLostException(ErrorKind.ConnectionLost, message, null, lost),
        };
    }

    private static WorkerFileError ErrorOf(SftpStatus status) => status switch
    {
        SftpStatus.PermissionDenied => WorkerFileError.PermissionDenied,
        SftpStatus.BadMessage => WorkerFileError.BadName,
        SftpStatus.Unsupported => WorkerFileError.Unsupported,
        _ => WorkerFileError.Failure,
    };
}
