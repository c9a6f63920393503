using System.Runtime.Versioning;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>
/// A push over a real sftp-server, with each packet in turn gone wrong. After each one the live tree is old or new at each path, the end is told with its code, nothing outside
/// changed, and the next run makes the worker whole; every tenth time the run after that is seen to change nothing.
/// <para>Which packets: every kind of push is cut off in the middle of every request, so the server has carried out any number of requests and no more (a cut between two requests differs
/// from it in the part of a packet that the server throws away); what is only read before the claim is the same for all kinds and is cut in the first of them alone. All other faults
/// hit every packet of a small push. With <c>DEPSYNC_EVERY_FAULT=1</c> every fault hits every packet of every kind, which takes some minutes.</para>
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class WireFaultTests
{
    private const int QuietEvery = 10;

    private static readonly bool IsThorough = Environment.GetEnvironmentVariable("DEPSYNC_EVERY_FAULT") == "1";

    public static TheoryData<string> Pushes => [.. PushCase.Rows.Select(push => push.Name)];

    /// <summary>Those with which the run may end, and the push that they are tried on.</summary>
    public static TheoryData<string, string> Faults
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var fault in Enum.GetValues<WireFault>().Except([WireFault.None, WireFault.Freeze, WireFault.CutInRequest]))
            {
                foreach (var push in IsThorough ? PushCase.Rows : [PushCase.Small])
                {
                    data.Add($"{fault}", push.Name);
                }
            }
            return data;
        }
    }

    [NeedsTheory("find", "setpriv")]
    [MemberData(nameof(Pushes))]
    public async Task Push_that_is_cut_off_in_any_packet_is_finished_by_the_next_one(string push)
    {
        using var scenario = await WireScenario.PrepareAsync(PushCase.Named(push));
        await AssertAtEveryPacketAsync(scenario, WireFault.CutInRequest, SecondConnection.Refused, isWhole: push == PushCase.Rows[0].Name);
    }

    [NeedsTheory("find", "setpriv")]
    [MemberData(nameof(Faults))]
    public async Task Push_survives_any_packet_that_goes_wrong(string fault, string push)
    {
        using var scenario = await WireScenario.PrepareAsync(PushCase.Named(push));
        await AssertAtEveryPacketAsync(scenario, Enum.Parse<WireFault>(fault), SecondConnection.Refused, isWhole: true);
    }

    [NeedsFact("find", "setpriv")]
    public async Task Push_that_is_cut_off_in_any_packet_before_the_commit_is_done_by_its_second_connection()
    {
        using var scenario = await WireScenario.PrepareAsync(PushCase.Small);
        await AssertAtEveryPacketAsync(scenario, WireFault.CutInRequest, SecondConnection.Works, isWhole: false);
    }

    [NeedsTheory("find", "setpriv")]
    [InlineData(nameof(WireFault.CutInRequest))]
    [InlineData(nameof(WireFault.CutInReply))]
    public async Task Push_to_a_server_without_extensions_that_is_cut_off_in_any_packet_is_finished_by_the_next_one(string fault)
    {
        using var scenario = await WireScenario.PrepareAsync(fault == nameof(WireFault.CutInRequest) ? PushCase.Rows[1] : PushCase.Small, WireScenario.WithoutExtensions);
        await AssertAtEveryPacketAsync(scenario, Enum.Parse<WireFault>(fault), SecondConnection.Refused, isWhole: false);
    }

    [NeedsFact("find", "setpriv")]
    public async Task Owner_that_was_moved_away_by_a_run_that_was_cut_off_refuses_others_and_is_put_back_by_the_next_one()
    {
        using var scenario = await WireScenario.PrepareAsync(PushCase.Small, WireScenario.WithoutExtensions);
        var record = await scenario.RecordAsync();
        var moved = record.Requests.ToList().FindIndex(request => request.StartsWith("Rename", StringComparison.Ordinal) && request.EndsWith("was-owner-1.json", StringComparison.Ordinal)) + 1;
        var isBack = false;
        for (var n = record.Requests.ToList().FindIndex(WireScenario.IsChange) + 1; !isBack; n++)
        {
            await scenario.PushAsync(new WireScript(WireFault.CutAfterRequest, moved), SecondConnection.Refused);
            Assert.False(scenario.Run.Worker.Exists(".depsync/owner.json"u8));
            var next = new WireScript(WireFault.CutInRequest, n);
            await scenario.RunAsync(next, SecondConnection.Refused);
            await scenario.AssertOthersAreRefusedAsync();
            Assert.True(next.HasHit);
            isBack = scenario.Run.Worker.Exists(".depsync/owner.json"u8);
        }
        await scenario.Push.AssertConvergesAsync();
        await scenario.AssertQuietAsync();
    }

    private static async Task AssertAtEveryPacketAsync(WireScenario scenario, WireFault fault, SecondConnection second, bool isWhole)
    {
        var record = await scenario.RecordAsync();
        var first = isWhole || IsThorough ? 0 : record.Requests.ToList().FindIndex(WireScenario.IsChange);
        var failures = new List<string>();
        var (runs, hits) = (0, 0);
        for (var n = first + 1; n <= record.Requests.Count; n++)
        {
            if (!WireScript.CanHappen(fault, record.Replies[n - 1].Status))
            {
                continue;
            }
            try
            {
                runs++;
                hits += await scenario.AssertSurvivesAsync(fault, n, second) ? 1 : 0;
                if (runs % QuietEvery == 0)
                {
                    await scenario.AssertQuietAsync();
                }
            }
            catch (Exception exception)
            {
                failures.Add($"{fault} at {n} ({record.Requests[n - 1]}): {exception.Message}");
            }
        }
        Assert.True(failures.Count == 0, $"{failures.Count} of {runs} runs failed\n{string.Join('\n', failures.Take(20))}");
        Assert.True(hits > runs * 9 / 10, $"{hits} of {runs} runs came to their fault");
    }
}
