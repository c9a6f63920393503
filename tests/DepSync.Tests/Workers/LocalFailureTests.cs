using DepSync.Model;
using DepSync.Platform;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

public sealed class LocalFailureTests
{
    public static TheoryData<int, string> Refusals => new()
    {
        { UnixError.Access, nameof(WorkerFileError.PermissionDenied) },
        { UnixError.NotPermitted, nameof(WorkerFileError.PermissionDenied) },
        { UnixError.NameTooLong, nameof(WorkerFileError.BadName) },
        { UnixError.Invalid, nameof(WorkerFileError.BadName) },
        { UnixError.IllegalBytes, nameof(WorkerFileError.BadName) },
        { UnixError.NotSupported, nameof(WorkerFileError.Unsupported) },
        { UnixError.NoCall, nameof(WorkerFileError.Unsupported) },
        { UnixError.NoSpace, nameof(WorkerFileError.Failure) },
        { UnixError.ReadOnlyFileSystem, nameof(WorkerFileError.Failure) },
        { UnixError.NotEmpty, nameof(WorkerFileError.Failure) },
        { UnixError.CrossDevice, nameof(WorkerFileError.Failure) },
    };

    [Theory, MemberData(nameof(Refusals))]
    public void Each_refusal_of_the_system_has_its_kind(int errno, string kind)
    {
        var failure = Assert.IsType<WorkerFileException>(LocalFailure.Of(new UnixException(errno, "rename"), RelativePath.Parse("a/b")));
        Assert.Equal(kind, failure.Error.ToString());
        Assert.Equal("a/b", failure.Path.ToString());
        Assert.StartsWith("cannot rename: ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mount_below_the_target_is_named_as_the_likely_reason() =>
        Assert.Contains("is a filesystem mounted here", LocalFailure.Of(new UnixException(UnixError.CrossDevice, "rename"), default)!.Message, StringComparison.Ordinal);

    [Fact]
    public void A_bug_stays_one() => Assert.Null(LocalFailure.Of(new InvalidOperationException(), default));
}
