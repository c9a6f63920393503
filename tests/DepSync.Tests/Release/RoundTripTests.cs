using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>
/// What a run costs on a long line: flights are counted behind the greeting, whatever lies in one of them. The numbers are what the protocol needs; a flight more is a
/// wait for an answer that nothing depended on. A slow machine only ever shows more, so a run that shows too many is repeated with more patience.
/// </summary>
public sealed class RoundTripTests
{
    /// <summary>Where is the target, and open the records and the directories below the place where it was; read them.</summary>
    private const int Unchanged = 2;

    /// <summary>
    /// 2 look, as without changes; 5 claim (make the folder; sign it and begin to list; list; open owner.json only when the listing has ended; read it); 2 room once the number has
    /// proved to be unused, free space, and the tree; 2 stage (open; the rest); 2 journal and the next owner.json on disk, owner.json once more and what is kept, and
    /// whether the folder is still ours while that is read; 1 renames; 1 attributes, behind the sight of the run folder, and touched folders on disk; 1 rename manifest and owner.json, on disk; 1 put away what was replaced and remove
    /// the run folder. The manifest is staged while the tree is listed and files are staged.
    /// </summary>
    private const int Pushed = 17;

    /// <summary>
    /// 1 where is the target, what stands there and above it; 1 look; 1 make the target; 5 claim as in <see cref="Pushed"/>, and 1 for an owner record that is being replaced; 2 room and tree; 1 folders; 2 stage, and 2 new folders
    /// on disk; 7 journal and owner as there, where there is no record yet: look again, also for one that is being replaced; 1 renames; 1 attributes; 1 records; 1 remove the run folder.
    /// </summary>
    private const int FirstPushed = 26;

    /// <summary>Without the copy of the manifest nothing is asked ahead: where is the target; open the records; read them; read it; the rest of a large one; open the directories; read them.</summary>
    private const int UnchangedWithoutCopy = 6;

    [NeedsTheory("setpriv")]
    [InlineData(100, 1)]
    [InlineData(100, 6)]
    [InlineData(2_000, 1)]
    [InlineData(2_000, 6)]
    public async Task Run_without_changes_takes_as_many_round_trips_whatever_the_files_and_the_depth(int files, int depth)
    {
        using var counted = new CountedRelease(files, depth);
        await counted.RunAsync();
        var flights = await counted.CountAsync(Unchanged, () => { });
        Assert.Equal(WorkerStatus.Unchanged, counted.Result.Status);
        var directories = flights.Sum(flight => flight.Of("OpenDirectory"));
        Assert.InRange(flights.Sum(flight => flight.Requests), 1, 20 + (5 * directories));
        Assert.All(counted.Run.Events.OfType<SourceScanned>(), scanned => Assert.Equal(0, scanned.Hashed));
    }

    [NeedsFact("setpriv")]
    public async Task Lost_copy_of_the_manifest_costs_four_round_trips()
    {
        using var counted = new CountedRelease(2_000, 6);
        await counted.RunAsync();
        var copies = Directory.GetFiles(counted.Run.StateDir, "*.manifest", SearchOption.AllDirectories);
        await counted.CountAsync(UnchangedWithoutCopy, () => File.Delete(Assert.Single(copies)));
    }

    [NeedsFact("setpriv")]
    public async Task Directories_that_nobody_knew_cost_two_round_trips_a_level()
    {
        using var counted = new CountedRelease(20, 2);
        await counted.RunAsync();
        counted.Run.Worker.Write("a/b/c/drift", "x");
        var flights = await counted.CountAsync(Unchanged + 6, () => { }, counted.Config with { DryRun = true });
        Assert.Equal(WorkerStatus.Planned, counted.Result.Status);
        Assert.True(flights.Count > Unchanged, string.Join('\n', flights));
    }

    [NeedsFact("setpriv")]
    public async Task Large_directory_that_is_known_is_read_in_one_round_trip()
    {
        using var counted = new CountedRelease(100, 1);
        for (var i = 0; i < 1_500; i++)
        {
            counted.Run.Manager.Write($"large/{i}", "x");
        }
        await counted.RunAsync();
        await counted.CountAsync(Unchanged, () => { });
        Assert.Equal(WorkerStatus.Unchanged, counted.Result.Status);
    }

    [NeedsTheory("setpriv")]
    [InlineData(100, 1)]
    [InlineData(2_000, 6)]
    public async Task Push_of_a_few_files_takes_as_many_round_trips_whatever_the_tree(int files, int depth)
    {
        using var counted = new CountedRelease(files, depth);
        await counted.RunAsync();
        var round = 0;
        var flights = await counted.CountAsync(Pushed, () =>
        {
            round++;
            for (var i = 0; i < 20; i++)
            {
                counted.Run.Manager.Write(counted.Files[i * files / 20], new string('x', round));
            }
        });
        // What is known to have something to get is listed once, behind the claim; .depsync/ and what it keeps before that and there.
        var folders = Directory.GetDirectories(counted.Run.Manager.Path, "*", SearchOption.AllDirectories).Length + 1;
        Assert.InRange(flights.Sum(flight => flight.Of("OpenDirectory")), folders, folders + 10);
        Assert.Equal((WorkerStatus.Synced, 20, 20L * round), (counted.Result.Status, counted.Result.Updated, counted.Result.BytesSent));
        Assert.Equal(20, Assert.Single(counted.Run.Events.OfType<SourceScanned>()).Hashed);
    }

    /// <summary>Beside putting away what was replaced, look at what is too much then; read it; remove it; remove the run folder.</summary>
    [NeedsFact("setpriv")]
    public async Task Generation_beyond_those_that_are_kept_costs_three_round_trips()
    {
        using var counted = new CountedRelease(100, 1);
        var config = counted.Config with { KeepGenerations = 1 };
        await counted.RunAsync(config);
        counted.Run.Manager.Write(counted.Files[0], "first");
        await counted.RunAsync(config);
        var round = 0;
        var generations = Path.Combine(counted.Run.Worker.Path, ".depsync/generations");
        var before = Assert.Single(Directory.GetDirectories(generations));
        await counted.CountAsync(Pushed + 3, () => counted.Run.Manager.Write(counted.Files[0], $"{++round}"), config);
        Assert.NotEqual(before, Assert.Single(Directory.GetDirectories(generations)));
    }

    [NeedsFact("setpriv")]
    public async Task First_push_to_a_target_that_is_missing_lists_nothing_before_the_claim()
    {
        using var counted = new CountedRelease(100, 2);
        var target = Path.Combine(counted.Run.Worker.Path, "missing");
        var config = counted.Config with { Workers = [.. counted.Config.Workers.Select(worker => worker with { Path = target })] };
        await counted.CountAsync(
            FirstPushed,
            () =>
            {
                if (Directory.Exists(target))
                {
                    Directory.Delete(target, recursive: true);
                    Directory.Delete(counted.Run.StateDir, recursive: true);
                }
            },
            config);
        Assert.Equal((WorkerStatus.Synced, 100), (counted.Result.Status, Directory.GetFiles(target, "*.txt", SearchOption.AllDirectories).Length));
    }

    /// <summary>A server with 145 handles, of which 97 are for files: the next ones are opened in the flight that ends those before them, and never more.</summary>
    [NeedsFact("setpriv")]
    public async Task Files_beyond_the_servers_handles_take_one_round_trip_for_as_many_as_there_are()
    {
        const int Files = 1_000;
        const int Handles = 97;
        using var counted = new CountedRelease(Files, 1) { OpenFiles = 150, RoundTrip = TimeSpan.FromMilliseconds(20) };
        var round = 0;
        await counted.RunAsync();
        var flights = await counted.CountAsync(Pushed + 3 + (Files / Handles), () =>
        {
            round++;
            foreach (var file in counted.Files)
            {
                counted.Run.Manager.Write(file, new string('x', round));
            }
        });
        Assert.Equal((WorkerStatus.Synced, Files), (counted.Result.Status, counted.Result.Updated));
        Assert.All(flights, flight => Assert.InRange(flight.Of("Open"), 0, Handles + 2));
    }

    /// <summary>Open with its bytes; write; attributes, size, flush and close: six a file, and what a folder and the run itself take.</summary>
    [NeedsTheory("setpriv")]
    [InlineData(100, 1)]
    [InlineData(2_000, 6)]
    public async Task First_push_asks_six_times_a_file(int files, int depth)
    {
        using var counted = new CountedRelease(files, depth);
        var flights = await counted.RunAsync();
        var folders = Directory.GetDirectories(counted.Run.Manager.Path, "*", SearchOption.AllDirectories).Length;
        Assert.InRange(flights.Sum(flight => flight.Requests), 6 * files, (6 * files) + (15 * folders) + 110);
        Assert.Equal(files, flights.Sum(flight => flight.Of("Write")) - flights.Where(flight => flight.Of("Write") < 5).Sum(flight => flight.Of("Write")));
    }
}
