using System.Runtime.Versioning;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>Workers whose filesystem takes several names for one: each run does the same, tells the same, and what stands there is one of the manager's files, whole.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class FoldingReleaseTests : IDisposable
{
    private const string Composed = "caf\u00e9.xml";
    private const string Decomposed = "cafe\u0301.xml";

    private readonly ReleaseFixture _run = new();

    public void Dispose() => _run.Dispose();

    [NeedsTheory("find")]
    [InlineData(Folding.IgnoresCase, "A.xml", "a.xml")]
    [InlineData(Folding.IgnoresCase, "conf/A.xml", "conf/a.xml")]
    [InlineData(Folding.IgnoresCase, "Conf/x/1", "conf/y/2")]
    [InlineData(Folding.Decomposes, Decomposed, Composed)]
    [InlineData(Folding.Decomposes, "conf/" + Decomposed, "conf/" + Composed)]
    [InlineData(Folding.IgnoresCase | Folding.Decomposes, "CAF\u00c9.xml", Decomposed)]
    public async Task Of_names_that_are_one_on_a_worker_the_first_is_mirrored_and_each_other_one_is_a_problem_on_every_run(object folding, string first, string second)
    {
        _run.Connect = FoldingWorker.Connect((Folding)folding);
        _run.Manager.Write("other/1", "1").Write(first, "first").Write(second, "second one").Write("other/2", "2");
        var pushed = await _run.SyncAsync();
        AssertProblem(second, pushed);
        Assert.Equal("first", Read(first));
        Assert.Equal("12", Read("other/1") + Read("other/2"));
        var before = TreeText.ReadUntouched(_run.Worker.Path);
        for (var run = 0; run < 3; run++)
        {
            AssertProblem(second, await _run.SyncAsync());
            Assert.Empty(_run.Lines());
            TreeText.AssertSame(before, TreeText.ReadUntouched(_run.Worker.Path));
        }
        _run.Manager.Write(first, "changed");
        AssertProblem(second, await _run.SyncAsync());
        Assert.Equal("changed", Read(first));
        _run.Manager.Delete(Bytes(second.Split('/')[0] == first.Split('/')[0] ? second : second.Split('/')[0]));
        Assert.Null((await _run.SyncAsync()).Error);
        Assert.Equal("changed", Read(first));
    }

    /// <summary>A run that knows of something to send claims before it lists; what could not be sent by the last run is not such a thing.</summary>
    [NeedsFact("find")]
    public async Task Name_that_cannot_be_mirrored_does_not_claim_the_worker_on_each_run()
    {
        _run.Connect = FoldingWorker.Connect(Folding.IgnoresCase);
        _run.Manager.Write("A.xml", "first");
        Assert.Null((await _run.SyncAsync()).Error);
        _run.Manager.Write("a.xml", "second");
        AssertProblem("a.xml", await _run.SyncAsync());
        var before = TreeText.ReadUntouched(_run.Worker.Path);
        AssertProblem("a.xml", await _run.SyncAsync());
        TreeText.AssertSame(before, TreeText.ReadUntouched(_run.Worker.Path));
    }

    [NeedsTheory("find")]
    [InlineData(Folding.IgnoresCase, "conf/App.xml", "conf/app.xml")]
    [InlineData(Folding.IgnoresCase, "Conf/app.xml", "conf/app.xml")]
    [InlineData(Folding.Decomposes, Composed, Decomposed)]
    public async Task A_name_that_changes_to_another_form_of_itself_moves_nothing_and_is_told_once(object folding, string from, string to)
    {
        _run.Connect = FoldingWorker.Connect((Folding)folding);
        _run.Manager.Write(from, "text").Write("other", "x");
        Assert.Null((await _run.SyncAsync()).Error);
        Rename(from, to);
        Assert.Null((await _run.SyncAsync()).Error);
        // The folder of a renamed entry has a new mtime.
        Assert.DoesNotContain(_run.Lines(), line => !line.StartsWith(".d..t", StringComparison.Ordinal));
        if (folding is Folding.IgnoresCase)
        {
            Assert.Contains(_run.Events.OfType<Note>(), note => note.Message.Contains($"'{Different(to, from)}' as '{Different(from, to)}'", StringComparison.Ordinal));
        }
        Assert.Equal("text", Read(to));
        await AssertQuietAsync();
        _run.Manager.Write(to, "new text");
        Assert.Null((await _run.SyncAsync()).Error);
        Assert.Equal("new text", Read(to));
        await AssertQuietAsync();
    }

    [NeedsFact("find")]
    public async Task A_worker_that_stores_names_in_another_form_is_in_sync_and_is_not_read_again()
    {
        _run.Connect = FoldingWorker.Connect(Folding.Decomposes);
        _run.Manager.Write($"caf\u00e9/{Composed}", "text").Write("caf\u00e9/plain", "x");
        Assert.Null((await _run.SyncAsync()).Error);
        Assert.True(_run.Worker.Exists(Bytes($"cafe\u0301/{Decomposed}")));
        await AssertQuietAsync();
        _run.Manager.Delete(Bytes($"caf\u00e9/{Composed}"));
        Assert.Equal(1, (await _run.SyncAsync()).Deleted);
        Assert.False(_run.Worker.Exists(Bytes($"cafe\u0301/{Decomposed}")));
        await AssertQuietAsync();
    }

    [NeedsFact("find")]
    public async Task A_name_that_would_be_our_own_folder_there_is_a_problem()
    {
        _run.Connect = FoldingWorker.Connect(Folding.IgnoresCase);
        _run.Manager.Write("a", "a");
        Assert.Null((await _run.SyncAsync()).Error);
        _run.Manager.Write(".DepSync/owner.json", "mine").Write("b", "b");
        for (var run = 0; run < 2; run++)
        {
            AssertProblem(".DepSync", await _run.SyncAsync());
            Assert.Equal(["generations", "manifest", "owner.json"], _run.OwnNames().Append("generations").Distinct().Order(StringComparer.Ordinal));
            Assert.Equal("b", Read("b"));
        }
    }

    [NeedsFact("find")]
    public async Task A_name_that_is_taken_by_a_rule_that_nobody_knows_fails_alone_in_a_new_folder()
    {
        _run.Connect = FoldingWorker.Connect(Folding.Strange);
        _run.Manager.Write("new/a-1", "first").Write("new/a_1", "second").Write("new/d-1/x", "x").Write("new/d_1/y", "y").Write("other/2", "2");
        var pushed = await _run.SyncAsync();
        Assert.Equal(ErrorKind.Entries, pushed.Error?.Kind);
        Assert.Equal(2, pushed.Problems.Count);
        Assert.All(pushed.Problems, problem => Assert.Contains("takes its name for that of another entry", problem.Message, StringComparison.Ordinal));
        Assert.Equal("x2", Read("new/d-1/x") + Read("other/2"));
    }

    [NeedsFact("find")]
    public async Task Where_case_counts_both_names_are_mirrored_and_one_that_replaces_the_other_is_sent()
    {
        _run.Manager.Write("new/a", "small").Write("new/A", "capital").Write($"new/{Composed}", "one").Write($"new/{Decomposed}", "other");
        Assert.Null((await _run.SyncAsync()).Error);
        _run.AssertEqualTrees();
        Assert.Equal(["manifest", "owner.json"], _run.OwnNames());
        Rename("new/a", "new/b");
        Assert.Null((await _run.SyncAsync()).Error);
        Rename("new/A", "new/a");
        Assert.Null((await _run.SyncAsync()).Error);
        _run.AssertEqualTrees();
    }

    private async Task AssertQuietAsync()
    {
        var before = TreeText.ReadUntouched(_run.Worker.Path);
        var again = await _run.SyncAsync();
        Assert.Equal(WorkerStatus.Unchanged, again.Status);
        Assert.Empty(_run.Events.OfType<Note>());
        TreeText.AssertSame(before, TreeText.ReadUntouched(_run.Worker.Path));
    }

    private static void AssertProblem(string path, WorkerResult result)
    {
        Assert.Equal(ErrorKind.Entries, result.Error?.Kind);
        var problem = Assert.Single(result.Problems);
        Assert.StartsWith(problem.Path.ToString(), path, StringComparison.Ordinal);
        Assert.Contains("takes its name for that of", problem.Message, StringComparison.Ordinal);
    }

    /// <summary>The part of a path up to the first name that differs from another path's.</summary>
    private static string Different(string path, string other)
    {
        var names = path.Split('/');
        var same = names.Zip(other.Split('/')).TakeWhile(pair => pair.First == pair.Second).Count();
        return string.Join('/', names[..(same + 1)]);
    }

    private void Rename(string from, string to)
    {
        if (Different(from, to) is var top && top != from)
        {
            _run.Manager.Rename(Bytes(top), Bytes(Different(to, from)));
            return;
        }
        _run.Manager.Rename(Bytes(from), Bytes(to));
    }

    private static byte[] Bytes(string path) => System.Text.Encoding.UTF8.GetBytes(path);

    /// <summary>A file of the worker as its filesystem finds it.</summary>
    private string Read(string path)
    {
        var folder = _run.Worker.Path;
        foreach (var name in path.Split('/'))
        {
            folder = Directory.EnumerateFileSystemEntries(folder).Single(entry => Form(Path.GetFileName(entry)) == Form(name));
        }
        return File.ReadAllText(folder);
    }

    private static string Form(string name) => name.ToLowerInvariant().Replace("\u00e9", "e\u0301", StringComparison.Ordinal);
}
