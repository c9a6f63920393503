using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

public sealed class StalledWorkerTests : IDisposable
{
    private readonly ReleaseFixture _run = new();

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData("list")]
    [InlineData("create")]
    [InlineData("rename")]
    public async Task Worker_that_stalls_holds_nobody(string call)
    {
        _run.Manager.Write("a/x", "one").Write("a/y", "two").Write("b", "three");
        using var goesOn = new ManualResetEventSlim();
        var script = new FaultScript
        {
            Before = made =>
            {
                if (made.StartsWith(call, StringComparison.Ordinal))
                {
                    goesOn.Wait();
                }
            },
        };
        _run.Connect = (address, cancellationToken) => address.Name == "stalled" ? script.Connect(address, cancellationToken) : Task.FromResult(LocalWorker.Open(address.Path));
        string[] names = ["stalled", "first", "second"];
        _run.Worker.MakeDirectory("stalled"u8).MakeDirectory("first"u8).MakeDirectory("second"u8);
        var config = _run.Config with { Workers = [.. names.Select(name => ReleaseFixture.Address(name, Path.Combine(_run.Worker.Path, name)))] };
        var running = Task.Run(() => _run.RunAsync(config));
        try
        {
            await Until.TrueAsync(() => _run.Events.OfType<WorkerDone>().Count() == 2, "the two workers that do not stall");
            Assert.False(running.IsCompleted);
            TreeText.AssertMirrored(_run.Manager.Path, Path.Combine(_run.Worker.Path, "first"));
            TreeText.AssertMirrored(_run.Manager.Path, Path.Combine(_run.Worker.Path, "second"));
        }
        finally
        {
            goesOn.Set();
        }
        Assert.All((await running).Workers, result => Assert.Equal(WorkerStatus.Synced, result.Status));
        TreeText.AssertMirrored(_run.Manager.Path, Path.Combine(_run.Worker.Path, "stalled"));
    }

    /// <summary>All of them wait for the source when it comes, and whoever goes on first stalls.</summary>
    [Fact]
    public async Task Worker_that_stalls_holds_nobody_who_waited_for_the_source_with_it()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        _run.Clock = clock;
        _run.Manager.Write("a/x", "one").Write("large"u8, new byte[1 << 20]);
        using var goesOn = new ManualResetEventSlim();
        var created = 0;
        _run.Connect = new FaultScript
        {
            Before = call =>
            {
                if (call.StartsWith("create", StringComparison.Ordinal) && Interlocked.Increment(ref created) == 1)
                {
                    goesOn.Wait();
                }
            },
        }.Connect;
        string[] names = ["first", "second", "third"];
        _run.Worker.MakeDirectory("first"u8).MakeDirectory("second"u8).MakeDirectory("third"u8);
        var config = _run.Config with { Settle = TimeSpan.FromSeconds(60), Workers = [.. names.Select(name => ReleaseFixture.Address(name, Path.Combine(_run.Worker.Path, name)))] };
        var running = Task.Run(() => _run.RunAsync(config));
        try
        {
            await Until.TrueAsync(() => _run.Events.OfType<PhaseChanged>().Count(changed => changed.Phase == WorkerPhase.Comparing) == names.Length, "all workers to be connected");
            // The scan waits until the large file is that old.
            await Until.TrueAsync(() => Passed(clock) && _run.Events.OfType<WorkerDone>().Count() == 2, "the two workers that do not stall");
        }
        finally
        {
            goesOn.Set();
        }
        Assert.All((await running).Workers, result => Assert.Equal(WorkerStatus.Synced, result.Status));
        Assert.All(names, name => TreeText.AssertMirrored(_run.Manager.Path, Path.Combine(_run.Worker.Path, name)));
    }

    private static bool Passed(FakeTimeProvider clock)
    {
        // On another thread: whoever waits for the time goes on there.
        _ = Task.Run(() => clock.Advance(TimeSpan.FromSeconds(60)));
        return true;
    }
}
