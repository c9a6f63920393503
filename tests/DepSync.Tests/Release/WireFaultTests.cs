using System.Runtime.Versioning;
using DepSync.Release;
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
    private const string HashCommand = "xargs -0 sha256sum --";
    private const string FlushCommand = "xargs -0 sync -f --";

    private static readonly bool IsThorough = Environment.GetEnvironmentVariable("DEPSYNC_EVERY_FAULT") == "1";

    public static TheoryData<string> Pushes => [.. PushCase.Rows.Select(push => push.Name)];

    /// <summary>Those with which the run may end, and the push that they are tried on.</summary>
    public static TheoryData<string, string> Faults
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var fault in Enum.GetValues<WireFault>().Except([WireFault.None, WireFault.Freeze, WireFault.CutInRequest, WireFault.SwapRequests]))
            {
                // Only where something is copied can a copy be called done that was not.
                foreach (var push in IsThorough ? PushCase.Rows : fault == WireFault.PretendDone ? [PushCase.Small, PushCase.Deltas] : [PushCase.Small])
                {
                    data.Add($"{fault}", push.Name);
                }
            }
            return data;
        }
    }

    public static TheoryData<string> ShellFaults => [.. Enum.GetValues<ShellFault>().Where(fault => fault != ShellFault.None).Select(fault => $"{fault}")];

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

    /// <summary>Each command of a push that takes what the worker has: one to see if it can hash, then the files that were put together.</summary>
    [NeedsTheory("find", "setpriv", "xargs", "sha256sum")]
    [MemberData(nameof(ShellFaults))]
    public async Task Push_of_differences_survives_any_command_that_goes_wrong(string fault)
    {
        using var scenario = await WireScenario.PrepareAsync(PushCase.Deltas);
        await AssertAtEveryCommandAsync(scenario, Enum.Parse<ShellFault>(fault), HashCommand, _ => { });
    }

    /// <summary>What is not flushed at once, the staged files or the folders of the commit, is flushed one by one. A <c>sync</c> that does nothing and ends well is believed.</summary>
    [NeedsTheory("find", "setpriv", "xargs", "sync")]
    [InlineData(nameof(ShellFault.Refused))]
    [InlineData(nameof(ShellFault.Lost))]
    [InlineData(nameof(ShellFault.Killed))]
    [InlineData(nameof(ShellFault.Hangs))]
    [InlineData(nameof(ShellFault.Fails))]
    [InlineData(nameof(ShellFault.FailsAtEnd))]
    [InlineData(nameof(ShellFault.Greets))]
    public async Task Push_of_many_files_survives_any_flush_at_once_that_goes_wrong(string fault)
    {
        using var scenario = await WireScenario.PrepareAsync(PushCase.Many);
        var atOnce = Flushes(await scenario.RecordAsync());
        var least = new Queue<int>([Stager.ItemsForOneFlush, 1]);
        await AssertAtEveryCommandAsync(scenario, Enum.Parse<ShellFault>(fault), FlushCommand, wire => Assert.InRange(Flushes(wire) - atOnce, least.Dequeue(), int.MaxValue));
    }

    [NeedsFact("find", "setpriv", "xargs", "sha256sum", "sync")]
    public async Task Push_that_needs_the_shell_for_two_things_asks_once_if_it_is_of_use()
    {
        using var scenario = await WireScenario.PrepareAsync(PushCase.Many);
        var shell = scenario.Shell = new ShellScript(ShellFault.None, 0);
        await scenario.RecordAsync();
        // If it hashes; what was put together; what is staged, and what the commit touched, to disk.
        Assert.Equal([HashCommand, HashCommand, FlushCommand, FlushCommand], shell.Commands);
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

    /// <summary>Write, attributes, look, flush and close of a staged file are one flight; each of them is carried out behind the next one.</summary>
    [NeedsFact("find", "setpriv")]
    public async Task Push_survives_a_server_that_carries_out_the_requests_of_a_file_in_another_order()
    {
        using var scenario = await WireScenario.PrepareAsync(PushCase.Small);
        var record = await scenario.RecordAsync();
        var staged = StagedFile(record);
        string[] chain = [.. new[] { "Write", "Fsetstat", "Fstat", "Extended fsync@openssh.com", "Close" }.Select(request => $"{request} {staged}")];
        Assert.Equal(chain, record.Requests.Where(chain.Contains));
        foreach (var request in chain.SkipLast(1))
        {
            Assert.True(await scenario.AssertSurvivesAsync(WireFault.SwapRequests, request, 1, SecondConnection.Refused));
            await scenario.AssertQuietAsync();
        }
    }

    [NeedsFact("find", "setpriv")]
    public async Task Attributes_that_a_server_set_before_the_last_write_are_set_again()
    {
        using var scenario = await WireScenario.PrepareAsync(PushCase.Small);
        var record = await scenario.RecordAsync();
        var staged = StagedFile(record);
        var script = new WireScript(WireFault.SwapRequests, 1) { Of = $"Write {staged}" };
        Assert.Null((await scenario.PushAsync(script, SecondConnection.Refused)).Error);
        Assert.True(script.HasHit);
        scenario.Push.AssertFileAttributes();
        Assert.Single(script.Requests, request => request.StartsWith($"Setstat {staged}", StringComparison.Ordinal));
        Assert.Equal(Flushes(record) + 1, Flushes(script));
    }

    /// <summary>The one file that is staged for the live tree; no other is given attributes by its handle.</summary>
    private static string StagedFile(WireScript record)
    {
        const string Attributes = "Fsetstat ";
        return Assert.Single(record.Requests, request => request.StartsWith(Attributes, StringComparison.Ordinal))[Attributes.Length..];
    }

    private static int Flushes(WireScript wire) => wire.Requests.Count(request => request.StartsWith("Extended fsync", StringComparison.Ordinal));

    private static async Task AssertAtEveryCommandAsync(WireScenario scenario, ShellFault fault, string commandLine, Action<WireScript> look)
    {
        var shell = scenario.Shell = new ShellScript(ShellFault.None, 0);
        await scenario.RecordAsync();
        var commands = shell.Commands.Index().Where(command => command.Item == commandLine).Select(command => command.Index + 1).ToList();
        Assert.InRange(commands.Count, 2, 9);
        var (failures, hits) = (new List<string>(), 0);
        foreach (var n in commands)
        {
            try
            {
                var (hasHit, wire) = await scenario.AssertSurvivesAsync(fault, n);
                hits += hasHit ? 1 : 0;
                look(wire);
                await scenario.AssertQuietAsync();
            }
            catch (Exception exception)
            {
                failures.Add($"{fault} at command {n}: {exception.Message}");
            }
        }
        Assert.True(failures.Count == 0, string.Join('\n', failures));
        // Files are hashed together as they come, so there may be a command less.
        Assert.InRange(hits, 2, commands.Count);
    }

    private static async Task AssertAtEveryPacketAsync(WireScenario scenario, WireFault fault, SecondConnection second, bool isWhole)
    {
        var record = await scenario.RecordAsync();
        var first = isWhole || IsThorough ? 0 : record.Requests.ToList().FindIndex(WireScenario.IsChange);
        var failures = new List<string>();
        var (runs, hits) = (0, 0);
        foreach (var (n, request) in record.Requests.Index().Skip(first))
        {
            // A packet is found again by what it is, not by how many went before it: files are staged side by side.
            var at = record.Requests.Take(n + 1).Count(other => other == request);
            var reply = record.Replies.Where(other => other.Text == WireScript.ReplyTo(request)).ElementAtOrDefault(at - 1);
            if (!WireScript.CanHappen(fault, reply.Status) || !scenario.IsOfInterest(request, fault, IsThorough))
            {
                continue;
            }
            try
            {
                runs++;
                hits += await scenario.AssertSurvivesAsync(fault, request, at, second) ? 1 : 0;
                if (runs % QuietEvery == 0)
                {
                    await scenario.AssertQuietAsync();
                }
            }
            catch (Exception exception)
            {
                failures.Add($"{fault} at {n + 1} ({request}): {exception.Message}");
            }
        }
        Assert.True(failures.Count == 0, $"{failures.Count} of {runs} runs failed\n{string.Join('\n', failures.Take(20))}");
        Assert.True(hits > runs * 9 / 10, $"{hits} of {runs} runs came to their fault");
    }
}
