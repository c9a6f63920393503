using DepSync.Model;
using DepSync.State;
using DepSync.Tests.Support;

namespace DepSync.Tests.State;

public sealed class StateStoreTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly TempTree _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Reading_creates_nothing()
    {
        var store = StateStore.Open(Path.Combine(_temp.Path, "state"), "/srv/deployment");
        Assert.Null(store.LoadManager());
        Assert.Null(store.LoadTarget("ssh://a/x"));
        Assert.Empty(store.Warnings);
        Assert.Empty(Directory.GetFileSystemEntries(_temp.Path));
    }

    [Fact]
    public void What_was_saved_is_loaded_again()
    {
        var manager = ManagerState.Create("/srv/deployment", "node-1") with
        {
            Epoch = 7,
            Supersedes = ["00ff"],
            FencedBy = new FencedBy { Manager = "aa", Host = "node-2", User = null, Epoch = 8, Worker = "w1", At = Noon },
            MountPoints = [RelativePath.Parse("carbonapps"), RelativePath.Parse("base64:x"), RelativePath.Root.Child([0xff, 0x0a])],
            LastGoodRun = new RunStamp("r1", Noon),
        };
        var target = TargetState.Create("ssh://a/x") with
        {
            Number = 12,
            Generation = 9,
            LastRun = new RunStamp("r2", Noon),
            LastStatus = WorkerStatus.Synced,
            LastGood = new RunStamp("r1", Noon),
            CanonicalPath = "/x",
            Known = true,
        };
        Open().SaveManager(manager);
        Open().SaveTarget("ssh://a/x", target);

        var loaded = Open().LoadManager()!;
        Assert.Equal(manager.MountPoints, loaded.MountPoints);
        Assert.Equal(manager.Supersedes, loaded.Supersedes);
        Assert.Equal(manager, loaded with { MountPoints = manager.MountPoints, Supersedes = manager.Supersedes });
        Assert.Equal(target, Open().LoadTarget("ssh://a/x"));
        Assert.Null(Open().LoadTarget("ssh://a/y"));
        Assert.Null(StateStore.Open(_temp.Path, "/srv/other").LoadManager());
    }

    [Fact]
    public void The_first_state_has_an_id_of_128_bits_and_epoch_one()
    {
        var state = ManagerState.Create("/srv/deployment", "node-1");
        Assert.Matches("^[0-9a-f]{32}$", state.Id);
        Assert.NotEqual(state.Id, ManagerState.Create("/srv/deployment", "node-1").Id);
        Assert.Equal(1, state.Epoch);
    }

    [Fact]
    public void Files_lie_where_the_documentation_says()
    {
        Open().SaveManager(ManagerState.Create("/srv/deployment", "node-1"));
        Open().SaveTarget("ssh://a/x", TargetState.Create("ssh://a/x"));
        var files = Directory.GetFiles(_temp.Path, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(_temp.Path, f).Replace('\\', '/')).Order();
        Assert.Collection(
            files,
            f => Assert.Matches("^managers/[0-9a-f]{16}/manager.json$", f),
            f => Assert.Matches("^managers/[0-9a-f]{16}/targets/[0-9a-f]{16}.json$", f));
        Assert.Contains("\"manager_dir\": \"/srv/deployment\"", File.ReadAllText(ManagerFile), StringComparison.Ordinal);
        Assert.Contains("\"fenced_by\": null", File.ReadAllText(ManagerFile), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"schema":1,"id":null,"manager_dir":"/x","host":"h","epoch":1}""")]
    [InlineData("""{"schema":0,"id":"a","manager_dir":"/x","host":"h","epoch":1}""")]
    [InlineData("""{"schema":1,"id":"a","manager_dir":"/x","host":"h","epoch":1,"mount_points":["../x"]}""")]
    [InlineData("""{"schema":1,"id":"a","manager_dir":"/x","host":"h","epoch":1,"mount_points":["base64:%"]}""")]
    [InlineData("""{"schema":1,"id":"a","manager_dir":"/x","host":"h","epoch":1,"mount_points":null}""")]
    public void A_damaged_file_counts_as_absent_and_is_told(string text)
    {
        Open().SaveManager(ManagerState.Create("/srv/deployment", "node-1"));
        File.WriteAllText(ManagerFile, text);
        var store = Open();
        Assert.Null(store.LoadManager());
        Assert.Contains(ManagerFile, Assert.Single(store.Warnings), StringComparison.Ordinal);

        store.SaveManager(ManagerState.Create("/srv/deployment", "node-1"));
        Assert.NotNull(Open().LoadManager());
    }

    [Fact]
    public void Unknown_fields_are_left_alone_and_missing_lists_are_empty()
    {
        Open().SaveManager(ManagerState.Create("/srv/deployment", "node-1"));
        File.WriteAllText(ManagerFile, """{"schema":1,"id":"a","manager_dir":"/x","host":"h","epoch":3,"added_later":{"x":[1]}}""");
        var state = Open().LoadManager()!;
        Assert.Equal(3, state.Epoch);
        Assert.Empty(state.Supersedes);
        Assert.Empty(state.MountPoints);
    }

    [Fact]
    public void A_file_of_a_newer_version_is_refused()
    {
        Open().SaveManager(ManagerState.Create("/srv/deployment", "node-1") with { Schema = 2 });
        Assert.Equal(ErrorKind.LocalFiles, Assert.Throws<DepSyncException>(() => Open().LoadManager()).Kind);
    }

    [Fact]
    public void A_state_that_cannot_be_written_or_read_is_an_error_of_this_machines_files()
    {
        _temp.Write("state", "a file");
        var store = StateStore.Open(Path.Combine(_temp.Path, "state"), "/srv/deployment");
        Assert.Equal(ErrorKind.LocalFiles, Assert.Throws<DepSyncException>(() => store.SaveManager(ManagerState.Create("/x", "h"))).Kind);

        Open().SaveManager(ManagerState.Create("/x", "h"));
        File.Move(ManagerFile, ManagerFile + ".saved");
        Directory.CreateDirectory(ManagerFile);
        Assert.Equal(ErrorKind.LocalFiles, Assert.Throws<DepSyncException>(() => Open().LoadManager()).Kind);
    }

    [Fact]
    public async Task Targets_are_saved_at_the_same_time()
    {
        var store = Open();
        await Parallel.ForAsync(0, 64, (i, _) =>
        {
            store.SaveTarget($"target {i}", TargetState.Create($"target {i}") with { Number = i });
            return ValueTask.CompletedTask;
        });
        Assert.All(Enumerable.Range(0, 64), i => Assert.Equal(i, store.LoadTarget($"target {i}")!.Number));
        Assert.DoesNotContain(Directory.GetFiles(_temp.Path, "*", SearchOption.AllDirectories), f => f.EndsWith(".tmp", StringComparison.Ordinal));
    }

    private StateStore Open() => StateStore.Open(_temp.Path, "/srv/deployment");

    private string ManagerFile => Path.Combine(Open().Folder, "manager.json");
}
