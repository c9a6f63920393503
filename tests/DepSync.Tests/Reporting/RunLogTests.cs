using System.Text.RegularExpressions;
using DepSync.Model;
using DepSync.Reporting;
using DepSync.Tests.Support;
using static DepSync.Tests.Reporting.ReportingFixture;

namespace DepSync.Tests.Reporting;

public sealed class RunLogTests : IDisposable
{
    private const string Head = "2026-03-04 07:06:07.089 +02:00";

    private readonly string _folder = Directory.CreateTempSubdirectory("depsync-log-").FullName;
    private readonly List<string> _told = [];
    private readonly ManualTime _time = new(Start);

    public void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Fact]
    public void A_run_writes_who_started_it_every_change_and_every_result()
    {
        Log(Run(
            [
                Started("worker-1", "web") with { GuardKeys = ["--allow-empty webapps", "--max-delete 80%"] },
                new SourceScanned(7, 1000, 2, TimeSpan.FromMilliseconds(12)),
                new Note(NoteLevel.Notice, "created the target") { Worker = "worker-1" },
                Created("worker-1", "a.xml"),
                Deferred("worker-1", "b.car"),
                new EntryFailed(new Problem(RelativePath.Parse("c"), "owned by root")) { Worker = "worker-1" },
            ],
            Done(23, Synced("worker-1"), Failed("web"))));

        Assert.Equal(
            $"""
            {Head} INFO  r1 - run started: manager_dir /srv/manager, workers worker-1 web, user root, SUDO_USER ann, no terminal, version 1.2.3, keys --allow-empty webapps --max-delete 80%
            {Head} DEBUG r1 - source scanned: 7 entries, 1000 bytes, 2 hashed, 0.012 s
            {Head} INFO  r1 worker-1 created the target
            {Head} INFO  r1 worker-1 create file a.xml (source, 12 bytes)
            {Head} WARN  r1 worker-1 deferred b.car: somebody was still writing it a moment ago
            {Head} ERROR r1 worker-1 problem c: owned by root
            {Head} INFO  r1 worker-1 synced: 3 created, 1 updated, 0 deleted, 0 attributes, 0 deferred, 0 problems, 1200000 of 1300000 bytes sent, 0.834 s, commit 41 ms, generation 12
            {Head} ERROR r1 web failed: 0 created, 0 updated, 0 deleted, 0 attributes, 0 deferred, 0 problems, 0 of 0 bytes sent, 10.000 s; kind unreachable: 10.0.0.2 port 22: connection refused; hint: is sshd running there?
            {Head} WARN  r1 - run done: exit 23, 1 of 2 workers fine, 2.140 s
            """,
            Content());
    }

    [Fact]
    public void An_unchanged_run_is_one_line_that_keeps_its_warnings()
    {
        Log(Run(
            [
                Started("worker-1", "web"),
                new SourceScanned(7, 1000, 2, TimeSpan.FromMilliseconds(12)),
                new Note(NoteLevel.Detail, "extensions: fsync") { Worker = "web" },
                new Note(NoteLevel.Warning, "no rename that replaces: not atomic on this server") { Worker = "web" },
            ],
            Done(0, Unchanged("worker-1"), Unchanged("web") with { Generation = 11 })));

        Assert.Equal(
            $"{Head} INFO  r1 - unchanged: 2 workers in 2.140 s, generation 11/12; manager_dir /srv/manager, workers worker-1 web, user root, SUDO_USER ann, no terminal, "
            + "version 1.2.3, keys none; warning: web: no rename that replaces: not atomic on this server",
            Content());
    }

    [Fact]
    public void A_run_that_cannot_go_on_tells_who_started_it_and_why_it_failed()
    {
        Log([Started("worker-1"), new RunFailed(ErrorKind.Source, "the manager directory is missing", "is it mounted?", 3)]);

        Assert.Equal(2, Content().Split('\n').Length);
        Assert.EndsWith("ERROR r1 - run failed: exit 3; kind source: the manager directory is missing; hint: is it mounted?", Content(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_ends_without_a_result_still_leaves_its_start()
    {
        Log([Started("worker-1")]);

        Assert.Contains("run started", Content(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a\nb\r")]
    [InlineData("a\e[2J\u0007")]
    [InlineData("\u202Egnp.exe\u2066")]
    [InlineData("a\u009B31m\u0085b\u2028c")]
    [InlineData("b\uFFFDd")]
    public void Each_event_is_one_line_whatever_the_names(string name)
    {
        var raw = RelativePath.Root.Child([.. System.Text.Encoding.UTF8.GetBytes(name), 0xE9, 0xFF]);
        Log(Run(
            [
                Started(name) with { ManagerDir = "/" + name, GuardKeys = [name] },
                Deleted(name, raw),
                new EntryDeferred(new FileEntry { Path = raw, Kind = EntryKind.File, Deferral = Deferral.Vanished }) { Worker = name },
                new EntryFailed(new Problem(raw, name)) { Worker = name },
                new Note(NoteLevel.Warning, name) { Worker = name },
            ],
            Done(23, Synced(name) with { Error = new WorkerError(ErrorKind.Entries, name, name) })));

        var lines = Content().Split('\n');
        Assert.Equal(7, lines.Length);
        Assert.All(lines, line => Assert.StartsWith(Head, line, StringComparison.Ordinal));
        Assert.DoesNotMatch(new Regex(@"[\x00-\x09\x0B-\x1F\x7F-\x9F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]"), Content());
        Assert.Contains(@"\xE9\xFF", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Files_roll_by_size_and_only_the_newest_are_kept()
    {
        using (var log = Open(new RunLogSettings(_folder, KeepFiles: 3, MaxSizeBytes: 2000)))
        {
            log.On(Started("worker-1"));
            for (var i = 0; i < 200; i++)
            {
                log.On(Created("worker-1", $"file-{i:000}"));
            }
        }

        var files = Files();
        Assert.Equal(3, files.Length);
        Assert.All(files, file => Assert.Matches(@"^depsync-\d{8}(_\d{3})?\.log$", Path.GetFileName(file)));
        Assert.All(files, file => Assert.True(new FileInfo(file).Length < 2200));
        Assert.Contains("file-199", File.ReadAllText(files[^1]), StringComparison.Ordinal);
    }

    [Fact]
    public void Changes_are_in_the_file_a_second_later_or_with_the_next_other_event()
    {
        using var log = Open(new RunLogSettings(_folder, 14, 10_000_000));
        log.On(Started("worker-1"));
        log.On(Created("worker-1", "first"));
        Assert.DoesNotContain("first", Content(), StringComparison.Ordinal);
        _time.Pass(TimeSpan.FromSeconds(1));
        Assert.Contains("run started", Content(), StringComparison.Ordinal);
        Assert.EndsWith("create file first (source, 12 bytes)", Content(), StringComparison.Ordinal);

        log.On(Created("worker-1", "second"));
        log.On(new Note(NoteLevel.Notice, "at once"));
        Assert.Contains("create file second", Content(), StringComparison.Ordinal);
        Assert.EndsWith("at once", Content(), StringComparison.Ordinal);

        for (var i = 0; i < 2000; i++)
        {
            log.On(Created("worker-1", $"file-{i}"));
        }
        Assert.InRange(Content().Split('\n').Length, 1000, 2003);
    }

    [Fact]
    public void The_next_run_goes_on_in_the_same_file_and_the_probe_leaves_no_trace()
    {
        Log([Started("first")]);
        Log([Started("second")]);

        Assert.Equal(2, Content().Split('\n').Length);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Assert.Single(Files())));
        }
    }

    [Fact]
    public void A_log_whose_folder_is_a_file_is_refused_at_the_start()
    {
        var file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");

        AssertRefused(Path.Combine(file, "logs"));
        AssertRefused(file);
        AssertRefused(Path.Combine(_folder, "missing"));
    }

    [Fact]
    public void A_log_whose_file_is_a_folder_is_refused_at_the_start()
    {
        Directory.CreateDirectory(TodaysFile());

        AssertRefused(_folder);
    }

    [Fact]
    public void A_log_on_a_full_disk_is_refused_at_the_start()
    {
        if (!File.Exists("/dev/full"))
        {
            return;
        }
        File.CreateSymbolicLink(TodaysFile(), "/dev/full");

        AssertRefused(_folder);
    }

    [NeedsTheory(Requirement.Root)]
    [InlineData("link")]
    [InlineData("link to nothing")]
    [InlineData("second name")]
    public void What_somebody_planted_at_the_logs_name_is_refused_and_left_alone(string planted)
    {
        var victim = _folder + "-victim";
        File.WriteAllText(victim, "untouched");
        try
        {
            Command.Run("ln", planted == "second name" ? [victim, TodaysFile()] : ["-s", planted == "link" ? victim : victim + "-2", TodaysFile()]);
            if (planted != "second name")
            {
                Command.Run("chown", "-h", "4711:4711", TodaysFile());
            }
            AssertRefused(_folder, "after a look at who made it");
            Assert.Equal("untouched", File.ReadAllText(victim));
            Assert.False(File.Exists(victim + "-2"));
        }
        finally
        {
            File.Delete(victim);
        }
    }

    [Fact]
    public void A_log_that_cannot_be_written_any_more_is_told_once_and_counted()
    {
        using var log = Open(new RunLogSettings(_folder, KeepFiles: 3, MaxSizeBytes: 300));
        log.On(Started("worker-1"));
        log.On(Created("worker-1", "a"));
        Directory.Delete(_folder, recursive: true);
        File.WriteAllText(_folder, "in the way of the next file");
        try
        {
            log.On(Created("worker-1", "b"));
            log.On(Created("worker-1", "c"));
            log.On(Created("worker-1", "d"));
        }
        finally
        {
            File.Delete(_folder);
        }

        Assert.StartsWith("the log cannot be written: ", Assert.Single(_told), StringComparison.Ordinal);
        Assert.True(log.Failures > 0);
    }

    private static void AssertRefused(string folder, string hint = "--log-dir")
    {
        var exception = Assert.Throws<DepSyncException>(() =>
            new RunLog(new RunLogSettings(folder, 14, 10_000_000), new RunOrigin("root", null, false, "1"), TimeProvider.System, static _ => { }));
        Assert.Equal(ErrorKind.LocalFiles, exception.Kind);
        Assert.Contains(folder, exception.Message, StringComparison.Ordinal);
        Assert.Contains(hint, exception.Hint, StringComparison.Ordinal);
    }

    private RunLog Open(RunLogSettings settings) => new(settings, new RunOrigin("root", "ann", Terminal: false, "1.2.3"), _time, _told.Add);

    private void Log(IEnumerable<RunEvent> events)
    {
        using var log = Open(new RunLogSettings(_folder, 14, 10_000_000));
        foreach (var runEvent in events)
        {
            log.On(runEvent);
        }
    }

    // The file is named by the system's day, not by the test's clock.
    private string TodaysFile() => Path.Combine(_folder, $"depsync-{TimeProvider.System.GetLocalNow():yyyyMMdd}.log");

    private string[] Files() => [.. Directory.GetFiles(_folder).Order(StringComparer.Ordinal)];

    private string Content() => File.ReadAllText(Assert.Single(Files())).TrimEnd('\n');
}
