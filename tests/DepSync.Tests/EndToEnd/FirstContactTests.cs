using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>A worker that DepSync has never seen, as on the day of migration.</summary>
public sealed class FirstContactTests
{
    [NeedsFact("sshd", "rsync")]
    public async Task A_tree_that_rsync_filled_is_compared_and_nothing_is_sent()
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        new RandomTree(21).Fill(box.Manager, 80);
        foreach (var target in targets)
        {
            await RsyncOracle.RunAsync(box.Manager, target);
        }
        var outcome = (await box.SyncAsync("--json")).Expect(0);
        Assert.All(Sandbox.Results(outcome).Values, r => Assert.Equal(0, r.GetProperty("bytes_sent").GetInt64()));
        Assert.All(targets, t => TreeText.AssertMirrored(box.Manager.Path, t.Path));
        await DifferentialTests.AssertNothingIsLeftToDoAsync(box, targets);
    }

    [SshdFact]
    public async Task A_file_of_equal_size_and_time_and_other_content_is_found_and_only_it_is_sent()
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        foreach (var tree in targets.Append(box.Manager))
        {
            tree.Write("conf/same", "same").SetModified("conf/same"u8, 1_500_000_000).Write("conf/other", "right").SetModified("conf/other"u8, 1_500_000_000);
        }
        targets[0].Write("conf/other", "wrong").SetModified("conf/other"u8, 1_500_000_000);
        targets[1].Write("conf/other", "wrong").SetModified("conf/other"u8, 1_500_000_000);
        var outcome = (await box.SyncAsync("--json")).Expect(0);
        Assert.All(Sandbox.Results(outcome).Values, r => Assert.Equal(5, r.GetProperty("bytes_sent").GetInt64()));
        Assert.All(targets, t => TreeText.AssertMirrored(box.Manager.Path, t.Path));
    }

    [SshdFact]
    public async Task A_target_whose_last_folder_is_missing_is_created_and_that_is_told()
    {
        using var box = new Sandbox();
        Directory.Delete(box.AddLocalWorker("local").Path);
        Directory.Delete(box.AddSshWorker("ssh").Path);
        box.Manager.Write("conf/a", "a");
        var outcome = (await box.SyncAsync("-v")).Expect(0);
        Assert.Contains("created", outcome.Output + outcome.Errors, StringComparison.OrdinalIgnoreCase);
        TreeText.AssertMirrored(box.Manager.Path, Path.Combine(box.Folder, "local"));
        TreeText.AssertMirrored(box.Manager.Path, Path.Combine(box.Folder, "ssh"));
    }

    [SshdFact]
    public async Task A_target_whose_parent_is_missing_fails_alone()
    {
        using var box = new Sandbox();
        var good = box.AddLocalWorker("good");
        box.AddLine("./missing/parent/server name=bad");
        box.Manager.Write("conf/a", "a");
        var outcome = (await box.SyncAsync("--json")).Expect(23);
        Assert.Equal(23, Sandbox.Results(outcome)["bad"].GetProperty("code").GetInt32());
        TreeText.AssertMirrored(box.Manager.Path, good.Path);
        Assert.False(Directory.Exists(Path.Combine(box.Folder, "missing")));
    }

    [SshdFact]
    public async Task Two_names_of_one_directory_do_no_harm()
    {
        using var box = new Sandbox();
        var target = box.AddSshWorker("one");
        File.CreateSymbolicLink(Path.Combine(box.Folder, "other-way"), target.Path);
        box.AddLine($"{box.Sshd.User}@127.0.0.1:{box.Folder}/other-way name=two port={box.Sshd.Port} identity={box.Sshd.ClientKey}");
        new RandomTree(5).Fill(box.Manager, 60);
        var outcome = (await box.SyncAsync("--json")).Expect(0);
        string[] statuses = [.. Sandbox.Results(outcome).Values.Select(r => r.GetProperty("status").GetString()!).Order(StringComparer.Ordinal)];
        Assert.Equal("synced", statuses[1]);
        Assert.Contains(statuses[0], (string[])["skipped", "unchanged", "synced"]);
        TreeText.AssertMirrored(box.Manager.Path, target.Path);
        (await box.SyncAsync()).Expect(0);
        Assert.DoesNotContain("run-", string.Join(' ', Directory.GetDirectories(Path.Combine(target.Path, ".depsync"))), StringComparison.Ordinal);
    }
}
