using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

/// <summary>A flush that is expected: its command waits on the worker for its input.</summary>
public sealed class CommandAheadTests : IDisposable
{
    private const string Hash = "xargs -0 sha256sum --";
    private const string Flush = "xargs -0 sync -f --";

    /// <summary>Long enough for a server to start a program, and then again.</summary>
    private static readonly TimeSpan LongestQuiet = TimeSpan.FromSeconds(1);

    private readonly TempTree _tree = new TempTree().Write("a", "a");

    public void Dispose() => _tree.Dispose();

    /// <summary>Without it: open a channel, which takes nothing yet; run the command in it; its input and what it says.</summary>
    [SshdTheory]
    [InlineData(true, 1)]
    [InlineData(false, 3)]
    public async Task A_flush_takes_one_round_trip_when_it_was_expected_and_three_when_it_was_not(bool expected, int flights)
    {
        using var server = ShellAccount.Start(ShellAccount.Honest);
        for (var quiet = TimeSpan.FromMilliseconds(30); ; quiet *= 4)
        {
            var counted = await CountAsync(server, quiet, expected);
            if (counted == flights)
            {
                return;
            }
            Assert.InRange(counted, flights, 100);
            Assert.True(quiet < LongestQuiet, $"{counted} round trips and not {flights}");
        }
    }

    private async Task<int> CountAsync(SshdServer server, TimeSpan quiet, bool expected)
    {
        using var proxy = new FlightProxy(server.Port, quiet);
        var run = SshRun.For(SshRun.Settings(server) with { HostKey = HostKeyMode.Insecure });
        await using var worker = await run.Connector.ConnectAsync(SshRun.Worker(server, _tree.Path) with { Port = proxy.Port }, default);
        var before = ShellAccount.Commands(server).Count;
        Assert.NotNull(await worker.HashFilesAsync([File("a")], default));
        if (expected)
        {
            worker.ExpectFlush();
            await Until.TrueAsync(() => ShellAccount.Commands(server).Count == before + 2, "the command");
        }
        // What was answered by now is here with this.
        await worker.FindAsync(RelativePath.Root, default);
        var flights = proxy.Flights;
        Assert.True(await worker.FlushAllAsync(1, default));
        Assert.Equal([Hash, Flush], ShellAccount.Commands(server).Skip(before));
        return proxy.Flights - flights;
    }

    /// <summary>Where there is room for one command, those that are begun ahead find it like all others.</summary>
    [SshdTheory]
    [InlineData("Builtin", 2)]
    [InlineData("Builtin", 10)]
    [InlineData("OpenSsh", 10)]
    public async Task Each_is_run_once_and_nothing_is_told(string client, int maxSessions)
    {
        using var server = SshdServer.Start(new SshdOptions { Lines = [$"MaxSessions {maxSessions}"] });
        var run = SshRun.For(SshRun.Settings(server, Enum.Parse<SshClientKind>(client)));
        await using var worker = await run.ConnectAsync(server, _tree.Path);
        // Nothing shows yet that its programs see the same files.
        worker.ExpectFlush();
        for (var round = 1; round <= 3; round++)
        {
            Assert.NotNull(await worker.HashFilesAsync([File("a")], default));
            worker.ExpectFlush();
            Assert.True(await worker.FlushAllAsync(1, default));
            worker.ExpectFlush();
            worker.ExpectFlush();
            Assert.True(await worker.FlushAllAsync(1, default));
            // Whoever asks for another one at once may come before the server has let go of the last one.
            await worker.FindAsync(RelativePath.Root, default);
        }
        Assert.Empty(run.Notes);
        Assert.DoesNotContain("no more sessions", server.Log, StringComparison.Ordinal);
        Assert.Equal(9, server.Log.Split('\n').Count(line => line.Contains("Starting session: command", StringComparison.Ordinal)));
    }

    [SshdFact]
    public async Task One_that_ends_before_it_is_wanted_is_started_again()
    {
        using var server = ShellAccount.Start($"case \"$1\" in *sync*) test -e {_tree.Path}/first || {{ touch {_tree.Path}/first; exit 1; }} ;; esac; exec sh -c \"$1\"");
        var run = SshRun.For(SshRun.Settings(server));
        await using var worker = await run.ConnectAsync(server, _tree.Path);
        Assert.NotNull(await worker.HashFilesAsync([File("a")], default));
        worker.ExpectFlush();
        await Until.TrueAsync(() => ShellAccount.Commands(server).Count == 2 && !server.Sessions().Any(IsShell), "the command to end");
        // Behind what it said.
        await worker.FindAsync(RelativePath.Root, default);
        await worker.FindAsync(RelativePath.Root, default);
        Assert.True(await worker.FlushAllAsync(1, default));
        Assert.Empty(run.Notes);
        Assert.Equal([Hash, Flush, Flush], ShellAccount.Commands(server));
    }

    [SshdFact]
    public async Task One_that_nobody_wants_ends_with_the_worker()
    {
        using var server = ShellAccount.Start(ShellAccount.Honest);
        var worker = await SshRun.ConnectAsync(server, _tree.Path, SshClientKind.Builtin);
        Assert.NotNull(await worker.HashFilesAsync([File("a")], default));
        worker.ExpectFlush();
        await Until.TrueAsync(() => ShellAccount.Commands(server).Count == 2, "the command");
        await worker.DisposeAsync();
        await Until.TrueAsync(() => server.Sessions().Count == 0, "the end of all that the server had started");
    }

    private static bool IsShell(int process) => Command.Try("ps", "-o", "args=", "-p", $"{process}").Output.Contains("/shell", StringComparison.Ordinal);

    private static SizedPath File(string path) => new(RelativePath.Parse(path), 1);
}
