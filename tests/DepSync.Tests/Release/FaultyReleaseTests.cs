using System.Runtime.Versioning;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>A push that does everything, stopped or refused at every single call: the live tree is old or new at each path, and the next run makes it whole.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class FaultyReleaseTests
{
    private const int Login = 1000;

    [NeedsTheory("find")]
    [InlineData("")]
    [InlineData("no extensions")]
    [InlineData("login")]
    public async Task Push_that_is_cut_off_at_any_call_is_finished_by_the_next_one(string worker)
    {
        using var scenario = await FaultScenario.PrepareAsync();
        await AssertAtEveryCallAsync(scenario, n => With(worker, cutAt: n));
    }

    [NeedsTheory("find")]
    [InlineData("", WorkerFileError.Failure)]
    [InlineData("", WorkerFileError.PermissionDenied)]
    [InlineData("no extensions", WorkerFileError.Failure)]
    [InlineData("login", WorkerFileError.PermissionDenied)]
    public async Task Push_with_any_single_call_refused_ends_and_the_next_one_finishes_it(string worker, object error)
    {
        using var scenario = await FaultScenario.PrepareAsync();
        await AssertAtEveryCallAsync(scenario, n => With(worker, failAt: n, error: (WorkerFileError)error));
    }

    private static async Task AssertAtEveryCallAsync(FaultScenario scenario, Func<int, FaultScript> scriptOf)
    {
        var failures = new List<string>();
        for (var n = 1; ; n++)
        {
            var script = scriptOf(n);
            try
            {
                await PushAsync(scenario, script);
            }
            catch (Exception exception)
            {
                failures.Add($"at {n} ({script.Calls.ElementAtOrDefault(n - 1)}): {exception.Message}");
            }
            if (script.Calls.Count < n)
            {
                break;
            }
        }
        Assert.True(failures.Count == 0, $"{failures.Count} failures\n{string.Join('\n', failures.Take(20))}");
    }

    private static async Task PushAsync(FaultScenario scenario, FaultScript script)
    {
        scenario.Restore();
        scenario.Run.Connect = script.Connect;
        var result = await scenario.Run.SyncAsync(scenario.Run.Config with { Durable = false });
        var told = scenario.Run.Events.OfType<Note>().Select(note => note.Message).ToList();
        var able = script.Able(Everything);
        // Without an atomic replace a connection can end between the two renames of one file.
        scenario.AssertOldOrNew(mayBeMissing: script.CutAt is null || able.AtomicReplace ? 0 : 1);
        if (result.Error is null)
        {
            Assert.Equal(scenario.After, scenario.Live());
        }
        await scenario.AssertConvergesAsync();
        if (able.HardLinks && !told.Exists(message => message.Contains("could not be kept", StringComparison.Ordinal)))
        {
            scenario.AssertNothingLost();
        }
    }

    private static FaultScript With(string worker, int? cutAt = null, int? failAt = null, WorkerFileError error = default) => new()
    {
        CutAt = cutAt,
        FailAt = failAt,
        Error = error,
        Login = worker == "login" ? Login : null,
        Able = able => (worker == "no extensions" ? FaultScript.WithoutExtensions(able) : able) with { MaxTransfer = 64 },
    };

    private static WorkerCapabilities Everything => new()
    {
        AtomicReplace = true,
        HardLinks = true,
        DurableFlush = true,
        LinkTimes = true,
        UnixModes = true,
        Symlinks = true,
        MaxTransfer = 64,
    };
}
