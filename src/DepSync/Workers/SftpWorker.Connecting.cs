using System.Text;
using DepSync.Model;
using DepSync.Sftp;

namespace DepSync.Workers;

/// <content>From a stream to a worker: greet, ask for limits, find out where the target is.</content>
internal sealed partial class SftpWorker
{
    /// <summary>For records, listings and old versions beside the files that are staged.</summary>
    private const int HandlesToSpare = 48;

    /// <summary>
    /// Connects to the server at the other end of <paramref name="transport"/>, which is owned from here on, also on failure. <paramref name="targetPath"/> is <c>/x</c>, or <c>x</c>,
    /// <c>~/x</c> or <c>~</c> relative to the login directory. The target itself may be missing, the folder above must exist. Links on the way are resolved once, here.
    /// </summary>
    /// <exception cref="WorkerLostException">No SFTP server answers (Protocol, ConnectionLost, IdleTimeout), or the target cannot be (Target).</exception>
    public static async Task<SftpWorker> OpenAsync(TransportStream transport, string targetPath, SftpWorkerOptions options, CancellationToken cancellationToken)
    {
        var failures = new SftpFailures(transport.ErrorText);
        SftpClient? client = null;
        try
        {
            client = await SftpClient.ConnectAsync(transport.Stream, SessionOptions(options, transport), cancellationToken);
            var target = WireTarget(targetPath);
            // One flight, which shows how long one takes.
            var sent = options.Clock.GetTimestamp();
            var limits = client.LearnLimitsAsync(cancellationToken);
            var login = client.RealPathAsync("."u8, cancellationToken);
            var resolving = client.RealPathAsync(target, cancellationToken);
            var standing = client.StatAsync(target, cancellationToken);
            // Where nobody has been the target may well be missing.
            var (folder, name) = Split(target);
            var around = options.Guess is null && RelativePath.IsName(name) ? LookAroundAsync(client, target, folder, cancellationToken) : null;
            AskAhead(client, failures, options);
            await limits;
            var roundTrip = options.Clock.GetElapsedTime(sent);
            client.Widen(roundTrip);
            var home = Absolute(await login);
            var root = Absolute(await resolving ?? await MissingTargetAsync(client, target, cancellationToken));
            if (await standing is null)
            {
                RequireFolderAbove(target, await (around ?? LookAroundAsync(client, target, Split(root).Folder, cancellationToken)));
            }
            else if (around is not null)
            {
                await ((Task)around).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            var worker = new SftpWorker(Lanes(client, transport, options, roundTrip), failures, root, new WorkerPlace(Encoding.UTF8.GetString(root), Encoding.UTF8.GetString(home), null) { RoundTrip = roundTrip });
            if (transport.StartCommand is { } start)
            {
                worker._shell = new WorkerShell(new ShellRunner(start, options.Clock) { EnterLogin = transport.EachCommandIsALogin ? options.EnterLogin : null }, root, worker) { Tell = options.Tell, EachCommandIsALogin = transport.EachCommandIsALogin };
            }
            return worker;
        }
        catch (SftpLostException lost)
        {
            client?.Dispose();
            throw failures.Lost(lost);
        }
        catch (SftpException refusal)
        {
            client?.Dispose();
            throw new WorkerLostException(ErrorKind.Target, $"The server does not resolve the target '{targetPath}': {refusal.Message}.", null, refusal);
        }
        catch
        {
            client?.Dispose();
            throw;
        }
    }

    /// <summary>On this session alone, with what every server takes.</summary>
    private static void AskAhead(SftpClient client, SftpFailures failures, SftpWorkerOptions options)
    {
        if (options.Guess is { } guess)
        {
            var place = new WorkerPlace(guess.CanonicalPath, null, null);
            guess.Ask(new ReadOnlyWorker(new SftpWorker(new SftpLanes(client, options.Lanes with { RoundTrip = options.Lanes.RoundTrip ?? guess.RoundTrip }, null), failures, Encoding.UTF8.GetBytes(guess.CanonicalPath), place)));
        }
    }

    private static SftpLanes Lanes(SftpClient main, TransportStream transport, SftpWorkerOptions options, TimeSpan roundTrip)
    {
        var rules = options.Lanes with
        {
            RoundTrip = options.Lanes.RoundTrip ?? roundTrip,
            Files = main.Extensions.Limits ? Math.Max(main.Limits.MaxHandles - HandlesToSpare, 1) : WorkerCapabilities.UsualFilesInFlight,
        };
        var lanes = new SftpLanes(main, rules, transport.OpenMore is { } open ? OpenAsync : null);
        main.WhenLost = lanes.EndAll;
        return lanes;

        async Task<IEnumerable<Task<SftpClient?>>> OpenAsync(int count, CancellationToken cancellationToken) =>
            (await open(count, cancellationToken)).Select(further => GreetAsync(further, cancellationToken)).ToList();

        async Task<SftpClient?> GreetAsync(TransportStream further, CancellationToken cancellationToken)
        {
            var client = await SftpClient.ConnectBesideAsync(main, further.Stream, SessionOptions(options, further), cancellationToken);
            client?.Widen(roundTrip);
            return client;
        }
    }

    /// <summary>With so many sessions.</summary>
    private void Adapt(SftpLaneRules rules, int sessions) => Capabilities = Capabilities with
    {
        FilesInFlight = rules.FilesInFlight(sessions),
        FilesUnderWay = rules.FilesUnderWay,
        ListingsInFlight = rules.ListingsInFlight(sessions),
        BytesInFlight = rules.BytesInFlight(sessions),
    };

    private static SftpOptions SessionOptions(SftpWorkerOptions options, TransportStream transport)
    {
        var usual = new SftpOptions { IdleTimeout = options.IdleTimeout, Clock = options.Clock, GatherReplies = options.GatherReplies };
        return usual with { WindowBytes = options.WindowBytes ?? usual.WindowBytes, WindowFollowsRoundTrip = options.WindowBytes is null, HeldBackUntil = transport.HeldBackUntil ?? usual.HeldBackUntil };
    }

    /// <summary>The path as the server takes it: relative ones start in the login directory without being told.</summary>
    private static byte[] WireTarget(string targetPath)
    {
        var path = targetPath == "~" ? "" : targetPath.StartsWith("~/", StringComparison.Ordinal) ? targetPath[2..].TrimStart('/') : targetPath;
        var trimmed = path.TrimEnd('/');
        return Encoding.UTF8.GetBytes(trimmed.Length > 0 ? trimmed : path.Length > 0 ? "/" : ".");
    }

    /// <summary>Some servers resolve only what exists: then the folder above is resolved, and the last name stays as it is.</summary>
    private static async Task<byte[]?> MissingTargetAsync(SftpClient client, byte[] target, CancellationToken cancellationToken)
    {
        var (folder, name) = Split(target);
        return RelativePath.IsName(name) && await client.RealPathAsync(folder, cancellationToken) is { } above ? Bytes(new SftpPath(above, name)) : throw FolderAboveMissing(target);
    }

    private static (byte[] Folder, byte[] Name) Split(byte[] path)
    {
        var slash = Array.LastIndexOf(path, (byte)'/');
        return (slash < 0 ? "."u8.ToArray() : path[..Math.Max(slash, 1)], path[(slash + 1)..]);
    }

    /// <summary>In one flight: the target itself, where that is a link, and the folder above.</summary>
    private static async Task<(SftpAttributes? Itself, SftpAttributes? Above)> LookAroundAsync(SftpClient client, byte[] target, byte[] folder, CancellationToken cancellationToken)
    {
        var itself = client.LstatAsync(target, cancellationToken);
        var above = client.StatAsync(folder, cancellationToken);
        return (await itself, await above);
    }

    /// <summary>That the path of what is missing can be resolved does not say that its folder is there: servers differ in how much of it must exist.</summary>
    private static void RequireFolderAbove(byte[] target, (SftpAttributes? Itself, SftpAttributes? Above) around)
    {
        if (around.Itself is not null)
        {
            throw new WorkerLostException(ErrorKind.Target, $"The target '{Encoding.UTF8.GetString(target)}' is a link to something that does not exist.", "Is it mounted?");
        }
        if (around.Above is not { } folder || SftpEntries.Kind(folder) != EntryKind.Directory)
        {
            throw FolderAboveMissing(target);
        }
    }

    private static WorkerLostException FolderAboveMissing(byte[] target) => new(
        ErrorKind.Target,
        $"The folder above the target '{Encoding.UTF8.GetString(target)}' does not exist.",
        "DepSync creates the last folder of a target only; create the one above, or correct the path.");

    private static byte[] Absolute(byte[]? path) =>
        path is [(byte)'/', ..]
            ? path
            : throw new WorkerLostException(ErrorKind.Protocol, $"The server says that a path is {SftpText.Quote(path)}, which is not absolute.");
}
