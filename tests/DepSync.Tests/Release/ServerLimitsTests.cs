using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>What a server or its rights do not allow is told in words that name the cause.</summary>
public sealed class ServerLimitsTests : IDisposable
{
    private readonly ReleaseFixture _run = new();

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData(false, false, "not atomic on this server")]
    [InlineData(true, false, "no hard links")]
    public async Task Log_says_what_a_replacement_cannot_be_on_this_server(bool atomic, bool links, string told)
    {
        _run.Connect = new FaultScript { Able = able => able with { AtomicReplace = atomic, HardLinks = links } }.Connect;
        _run.Manager.Write("a", "old");
        await _run.SyncAsync();
        _run.Manager.Write("a", "newer");
        Assert.Null((await _run.SyncAsync()).Error);
        Assert.Single(_run.Events.OfType<Note>(), note => note.Level == NoteLevel.Notice && note.Message.Contains(told, StringComparison.Ordinal));
        await _run.SyncAsync();
        Assert.DoesNotContain(_run.Events.OfType<Note>(), note => note.Message.Contains(told, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Folder_of_somebody_else_that_cannot_be_claimed_is_named_with_its_owner()
    {
        _run.Manager.Write("a", "a");
        _run.Worker.MakeDirectory(".depsync"u8);
        _run.Connect = new FaultScript { Fails = call => call.StartsWith("mkdir .depsync/run-", StringComparison.Ordinal), Error = WorkerFileError.PermissionDenied }.Connect;
        var error = (await _run.SyncAsync()).Error!;
        Assert.Equal(ErrorKind.Target, error.Kind);
        Assert.Contains("/.depsync cannot be written by this login: it belongs to uid ", error.Message, StringComparison.Ordinal);
    }
}
