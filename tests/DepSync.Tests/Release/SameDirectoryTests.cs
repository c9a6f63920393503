using System.Runtime.Versioning;
using DepSync.Model;
using DepSync.Release;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>Two names of one directory in one run, at the same time: one is pushed, the other is told whose directory it is, in whatever order their calls arrive.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SameDirectoryTests : IDisposable
{
    private static readonly string[] Names = ["a", "b"];

    private readonly TempTree _folder = TempTree.InMemory();

    // An actor that is held holds its thread; with as few as there are processors the others would wait for the pool to grow.
    public SameDirectoryTests() => ThreadPool.SetMinThreads(16, 16);

    public void Dispose() => _folder.Dispose();

    /// <summary>Every order of the calls that the two claims see of each other, up to the end of the push of the one that goes on.</summary>
    [NeedsTheory("find")]
    [InlineData(0, 0)]
    [InlineData(0, 8)]
    public async Task Of_two_names_that_claim_at_once_one_goes_on_and_the_other_gives_way(long firstKnown, long secondKnown)
    {
        var tried = 0;
        for (IReadOnlyList<bool>? path = []; path is not null; tried++)
        {
            var schedule = new CallSchedule(path);
            var target = new TempTree(_folder, $"{firstKnown}-{secondKnown}-{tried}");
            var siblings = new RunSiblings();
            long[] known = [firstKnown, secondKnown];
            var ended = await schedule.RunAsync(actor => PushAsync(target, Actor(schedule, actor, siblings), known[actor]));
            var at = string.Join(", ", schedule.Order);
            var winner = Array.IndexOf(ended, "pushed");
            Assert.True(winner >= 0 && ended[1 - winner] == $"Duplicate: same directory as {Names[winner]}", $"{string.Join(" and ", ended)} after {at}");
            Assert.Equal(["generations", "owner.json"], Left(target));
            path = schedule.Next();
        }
        Assert.InRange(tried, 100, 10_000);
    }

    /// <summary>Each of many orders with the connection of one name cut at some call: the other one ends too, and no two are pushed.</summary>
    [NeedsFact("find")]
    public async Task A_name_whose_connection_is_lost_holds_up_no_other_name()
    {
        // Any seed will do: which orders and calls are tried is all that it decides.
        var random = new Random(1);
        var pushed = 0;
        for (var round = 0; round < 300; round++)
        {
            var schedule = new CallSchedule([.. Enumerable.Range(0, 20).Select(_ => random.Next(2) == 1)]);
            var target = new TempTree(_folder, $"lost-{round}");
            var siblings = new RunSiblings();
            var (lost, cutAt, known) = (random.Next(2), random.Next(1, 40), new long[] { 0, random.Next(2) * 8 });
            var ended = await schedule.RunAsync(actor => PushAsync(target, Actor(schedule, actor, siblings, actor == lost ? cutAt : null), known[actor]));
            var at = $"{string.Join(" and ", ended)} after {string.Join(", ", schedule.Order)}";
            Assert.True(ended[1 - lost] == "pushed" || ended[1 - lost] == $"Duplicate: same directory as {Names[lost]}", at);
            Assert.True(ended.Count(end => end == "pushed") <= 1, at);
            pushed += ended.Count(end => end == "pushed");
        }
        Assert.InRange(pushed, 100, 299);
    }

    /// <summary>The other name's folder is there, and it has not listed yet.</summary>
    [NeedsTheory("find")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_name_that_waits_for_another_one_can_be_cancelled_and_gives_way_in_the_end(bool cancelled)
    {
        var target = new TempTree(_folder, "target");
        var siblings = new RunSiblings();
        using var freeze = FreezePoint.Before("list .depsync");
        var frozen = new ActorCase(Claimant(1, siblings, TimeProvider.System), new FaultScript { Before = freeze.Pass });
        var other = Task.Run(() => PushAsync(target, frozen, 8));
        Assert.True(await freeze.IsReachedAsync(other));
        var clock = new FakeTimeProvider();
        using var cancelling = new CancellationTokenSource();
        var waiting = Task.Run(() => PushAsync(target, new ActorCase(Claimant(0, siblings, clock), new FaultScript()), 0, cancelling.Token));
        var patience = await clock.WaitForTimerAsync();
        Assert.False(waiting.IsCompleted);
        if (cancelled)
        {
            await cancelling.CancelAsync();
        }
        else
        {
            clock.Advance(patience);
        }
        Assert.Equal(cancelled ? "cancelled" : "Duplicate: same directory as b", await waiting);
        Assert.Equal(["run-9"], Left(target));
        freeze.Thaw();
        Assert.Equal("pushed", await other);
        Assert.Equal(["generations", "owner.json"], Left(target));
    }

    private static IEnumerable<string?> Left(TempTree target) => Directory.GetFileSystemEntries(Path.Combine(target.Path, ".depsync")).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    private static Claimant Claimant(int actor, RunSiblings siblings, TimeProvider clock) => new()
    {
        Manager = new ManagerIdentity("0123", 1, [], "host", "user", "/manager"),
        Run = "run",
        Worker = Names[actor],
        Takes = false,
        Flush = FlushMode.Never,
        Clock = clock,
        Siblings = siblings,
        RecordNumber = _ => { },
        NoteNewerEpoch = (_, _) => { },
    };

    private static ActorCase Actor(CallSchedule schedule, int actor, RunSiblings siblings, int? cutAt = null) => new(
        Claimant(actor, siblings, schedule.ClockOf(actor)),
        new FaultScript
        {
            CutAt = cutAt,
            Before = call =>
            {
                if (IsSeen(call))
                {
                    schedule.Pass(actor, call);
                }
            },
        });

    /// <summary>Whether the other claim can see a call, or the call sees the other claim.</summary>
    private static bool IsSeen(string call)
    {
        var words = call.Split(' ');
        var (verb, path) = (words[0], words[^1]);
        var isRun = path.StartsWith(".depsync/run-", StringComparison.Ordinal);
        return verb switch
        {
            "mkdir" or "rmdir" => isRun && path.Count(letter => letter == '/') == 1,
            "create" or "open" => path == ".depsync/owner.json" || (isRun && path.EndsWith("/owner", StringComparison.Ordinal)),
            "list" => path == ".depsync",
            "rename" => path == ".depsync/owner.json" || words[1].Count(letter => letter == '/') == 1,
            _ => false,
        };
    }

    /// <summary>A claim, and what a push leaves behind it; how it ended.</summary>
    private static async Task<string> PushAsync(TempTree target, ActorCase actor, long known, CancellationToken cancellationToken = default)
    {
        await using var files = new FaultyWorker(LocalWorker.Open(target.Path), actor.Script);
        try
        {
            var claim = await Claim.TakeAsync(files, actor.Claimant, known, cancellationToken);
            await claim.Room;
            await claim.ConfirmAsync();
            var owner = claim.Owner(claim.Number, null);
            await claim.StageAsync(owner, CancellationToken.None);
            await claim.PublishStagedAsync([owner]);
            await files.CreateDirectoryAsync(WorkerLayout.Generations, WorkerLayout.FolderMode, CancellationToken.None);
            await files.CreateDirectoryAsync(WorkerLayout.Generation(claim.Number), WorkerLayout.FolderMode, CancellationToken.None);
            await claim.AbandonAsync();
            return "pushed";
        }
        catch (DepSyncException exception)
        {
            return $"{exception.Kind}: {exception.Message}";
        }
        catch (OperationCanceledException)
        {
            return "cancelled";
        }
    }

    private sealed record ActorCase(Claimant Claimant, FaultScript Script);
}
