using DepSync.Config;
using DepSync.Model;

namespace DepSync.Tests.Config;

public sealed class ConfigResolverTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("depsync-config-").FullName;
    private readonly Dictionary<string, string> _variables = [];

    public ConfigResolverTests()
    {
        _variables["XDG_CONFIG_HOME"] = In("xdg");
        Write("cwd/.keep", "");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Defaults_are_those_of_the_sample()
    {
        Write("cwd/depsync.yaml", "manager_dir: deploy");
        Write("cwd/workers-list.txt", "u@h:/x");
        var (run, file) = Resolve();
        Assert.Equal(In("cwd/depsync.yaml"), file);
        Assert.Equal(In("cwd/deploy"), run.ManagerDir);
        Assert.Equal("h", Assert.Single(run.Workers).Name);
        Assert.Equal(new RunConfig { ManagerDir = run.ManagerDir, Workers = run.Workers, Exclude = run.Exclude, Protect = run.Protect, AllowEmpty = run.AllowEmpty, FirstContact = run.FirstContact }, run);
        Assert.Equal((null, TimeSpan.FromSeconds(3), new DeleteLimit(50, IsPercent: true), 8, 3, true), (run.MaxTime, run.Settle, run.MaxDelete, run.Parallel, run.KeepGenerations, run.Durable));
        Assert.Equal((HostKeyMode.Ask, SshClientKind.Builtin, true, KeyExchangeOrder.Default), (run.Ssh.HostKey, run.Ssh.Client, run.Ssh.Exec, run.Ssh.Kex));
        Assert.Equal((14, 10_000_000), (run.Log.KeepFiles, run.Log.MaxSizeBytes));
        Assert.Equal(new OutputSettings(), ConfigResolver.ResolveOutput(Flags([]), Place));
    }

    /// <summary>The table is that of rsync 3.2's option.</summary>
    [Theory]
    [InlineData("0", 0)]
    [InlineData("1", 1024)]
    [InlineData("1.5", 1536)]
    [InlineData("512B", 512)]
    [InlineData("500k", 512_000)]
    [InlineData("500KB", 500_000)]
    [InlineData("2KiB", 2048)]
    [InlineData("1.5M", 1_572_864)]
    [InlineData("1MB", 1_000_000)]
    [InlineData("1G", 1L << 30)]
    [InlineData("1gb", 1_000_000_000)]
    public void A_bandwidth_limit_is_written_as_for_rsync(string text, long bytesPerSecond)
    {
        Write("cwd/depsync.yaml", "manager_dir: d\n");
        Write("cwd/workers-list.txt", "h:x\n");
        Assert.Equal(bytesPerSecond, Resolve([("bwlimit", text)]).Run.BytesPerSecond);
        _variables["DEPSYNC_BWLIMIT"] = text;
        Assert.Equal(bytesPerSecond, Resolve([]).Run.BytesPerSecond);
    }

    [Theory]
    [InlineData(null, null, null, 8)]
    [InlineData("2", null, null, 2)]
    [InlineData("2", "3", null, 3)]
    [InlineData("2", "", null, 2)]
    [InlineData("2", "3", "4", 4)]
    [InlineData(null, null, "4", 4)]
    public void A_flag_wins_over_the_environment_over_the_file_over_the_default(string? file, string? variable, string? flag, int parallel)
    {
        Write("cwd/depsync.yaml", "manager_dir: d\n" + (file is null ? "" : $"parallel: {file}\n"));
        Write("cwd/workers-list.txt", "h:/x");
        Set("DEPSYNC_PARALLEL", variable);
        Assert.Equal(parallel, Resolve(flag is null ? [] : [("parallel", flag)]).Run.Parallel);
    }

    [Fact]
    public void Every_flag_has_its_variable_and_both_are_read()
    {
        Write("cwd/list", "h:/x group=g");
        Set("DEPSYNC_MANAGER_DIR", "~/m");
        Set("DEPSYNC_WORKERS", "list");
        Set("DEPSYNC_HOST_KEY", "strict");
        Set("DEPSYNC_SSH_CLIENT", "openssh");
        Set("DEPSYNC_DRY_RUN", "True");
        Set("DEPSYNC_CHECKSUM", "1");
        Set("DEPSYNC_JSON", "0");
        Set("DEPSYNC_ONLY", "g, h");
        Set("DEPSYNC_ALLOW_EMPTY", ".,webapps/");
        Set("DEPSYNC_MAX_TIME", "off");
        Set("DEPSYNC_LOCK_WAIT", "5");
        Set("DEPSYNC_PASSPHRASE_FILE", "/pass");
        Set("DEPSYNC_COLOR", "never");
        (string, string)[] flags = [("identity", "keys/k"), ("progress", "always"), ("verbose", "true"), ("first-contact", "h")];
        var run = Resolve(flags).Run;
        var output = ConfigResolver.ResolveOutput(Flags(flags), Place);
        Assert.Equal((In("home/m"), In("cwd/keys/k"), "/pass"), (run.ManagerDir, run.Ssh.Identity, run.Ssh.PassphraseFile));
        Assert.Equal((HostKeyMode.Strict, SshClientKind.OpenSsh), (run.Ssh.HostKey, run.Ssh.Client));
        Assert.Equal((true, true, null, TimeSpan.FromSeconds(5)), (run.DryRun, run.Checksum, run.MaxTime, run.LockWait));
        Assert.Equal(["", "webapps"], run.AllowEmpty.Select(p => p.ToString()));
        Assert.Equal(["h"], run.FirstContact);
        Assert.Equal(new OutputSettings { Verbose = true, Color = OutputMode.Never, Progress = OutputMode.Always }, output);
    }

    [Fact]
    public void Exclude_and_protect_add_to_those_of_the_file()
    {
        Write("cwd/depsync.yaml", "manager_dir: d\nexclude: [\"*.a\"]\nprotect: [p]");
        Write("cwd/workers-list.txt", "h:/x");
        Set("DEPSYNC_EXCLUDE", "*.b");
        Assert.Equal(["*.a", "*.b"], Resolve().Run.Exclude);
        var run = Resolve([("exclude", "*.c"), ("exclude", "a,b"), ("protect", "q")]).Run;
        Assert.Equal(["*.a", "*.c", "a,b"], run.Exclude);
        Assert.Equal(["p", "q"], run.Protect);
    }

    [Fact]
    public void The_settings_are_looked_up_in_order()
    {
        Write("cwd/workers-list.txt", "h:/x");
        Write("xdg/depsync/depsync.yaml", "manager_dir: /xdg");
        Assert.Equal("/xdg", Resolve().Run.ManagerDir);
        Write("cwd/depsync.yaml", "manager_dir: /cwd");
        Assert.Equal("/cwd", Resolve().Run.ManagerDir);
        Write("other/named.yaml", "manager_dir: ../env");
        Set("DEPSYNC_CONFIG", "../other/named.yaml");
        Assert.EndsWith("/other/../env", Resolve().Run.ManagerDir, StringComparison.Ordinal);
        Write("flag.yaml", "manager_dir: /flag");
        Assert.Equal("/flag", Resolve([], config: "../flag.yaml").Run.ManagerDir);
    }

    [Theory]
    [InlineData("nowhere.yaml", "no such file")]
    [InlineData(".", "is a directory")]
    [InlineData("", "expected a path")]
    public void A_named_settings_file_that_cannot_be_read_is_an_error(string config, string expected)
    {
        Write("cwd/workers-list.txt", "h:/x");
        AssertRefused(expected, () => Resolve([("manager-dir", "d")], config));
    }

    [Fact]
    public void The_list_beside_the_settings_comes_before_the_one_in_the_current_folder()
    {
        Write("conf/depsync.yaml", "manager_dir: d");
        Write("cwd/workers-list.txt", "here:/x");
        Assert.Equal("here", Assert.Single(Resolve([], "../conf/depsync.yaml").Run.Workers).Name);
        Write("conf/workers-list.txt", "beside:/x");
        Assert.Equal("beside", Assert.Single(Resolve([], "../conf/depsync.yaml").Run.Workers).Name);
        Write("conf/depsync.yaml", "manager_dir: d\nworkers: lists/w");
        Write("conf/lists/w", "named:/x");
        Assert.Equal("named", Assert.Single(Resolve([], "../conf/depsync.yaml").Run.Workers).Name);
        Assert.Equal("here", Assert.Single(Resolve([("workers", "workers-list.txt")], "../conf/depsync.yaml").Run.Workers).Name);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void A_missing_or_empty_list_is_a_source_error(string? list)
    {
        if (list is not null)
        {
            Write("cwd/workers-list.txt", list);
        }
        Assert.Equal(ErrorKind.Source, Assert.Throws<DepSyncException>(() => Resolve([("manager-dir", "d")])).Kind);
    }

    [Fact]
    public void A_usage_error_counts_before_a_missing_list() => AssertRefused("--parallel", () => Resolve([("manager-dir", "d"), ("parallel", "x")]));

    [Fact]
    public void No_manager_directory_is_told_with_the_way_out()
    {
        Write("cwd/workers-list.txt", "h:/x");
        AssertRefused("--manager-dir", () => Resolve());
        Assert.Equal("", ConfigResolver.Resolve(new FlagValues(new Dictionary<string, IReadOnlyList<string>>()) { ManagerDirNeeded = false }, Place).Run.ManagerDir);
    }

    [Fact]
    public void Everything_that_is_wrong_is_told_at_once()
    {
        Write("cwd/depsync.yaml", "parallel: 0\nsetle: 1");
        Write("cwd/workers-list.txt", "bad\nworse");
        Set("DEPSYNC_DRY_RUN", "maybe");
        var error = Assert.Throws<DepSyncException>(() => Resolve([("settle", "x"), ("manager-dir", "d")]));
        Assert.Equal(ErrorKind.Config, error.Kind);
        Assert.Equal(6, error.Message.Split('\n').Length);
        Assert.Contains("DEPSYNC_DRY_RUN: expected true, false, 1 or 0", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("node-1", "node-1")]
    [InlineData("canary", "node-1|node-2")]
    [InlineData("node-*", "node-1|node-2|node-10")]
    [InlineData("node-?", "node-1|node-2")]
    [InlineData("node-[2-9]", "node-2")]
    [InlineData("node-[!2]", "node-1")]
    [InlineData("can*", "node-1|node-2")]
    [InlineData("*", "node-1|node-2|node-10|[::1]:/x")]
    [InlineData("[::1]:/x", "[::1]:/x")]
    [InlineData("*1*", "node-1|node-10|[::1]:/x")]
    public void Only_chooses_by_name_group_or_glob(string only, string names)
    {
        Write("cwd/workers-list.txt", "a:/x name=node-1 group=canary\nb:/x name=node-2 group=eu,canary\nc:/x name=node-10\n[::1]:/x name=[::1]:/x");
        Assert.Equal(names, string.Join('|', Resolve([("manager-dir", "d"), ("only", only)]).Run.Workers.Select(w => w.Name)));
    }

    [Fact]
    public void Only_and_first_contact_must_find_somebody()
    {
        Write("cwd/workers-list.txt", "a:/x name=node-1\nb:/x name=node-2");
        Assert.Equal(["node-1", "node-2"], Resolve([("manager-dir", "d"), ("only", "node-2"), ("only", "node-1"), ("only", "node-*")]).Run.Workers.Select(w => w.Name));
        AssertRefused("--only nod-1: no worker or group fits it; did you mean 'node-1'?", () => Resolve([("manager-dir", "d"), ("only", "node-2"), ("only", "nod-1")]));
        AssertRefused("--first-contact node3: no worker has this name", () => Resolve([("manager-dir", "d"), ("first-contact", "node3")]));
    }

    [Fact]
    public void Each_key_and_flag_stands_once_in_the_table()
    {
        Assert.Distinct(Setting.All.Where(s => s.Key is not null).Select(s => s.Key));
        Assert.Distinct(Setting.All.Where(s => s.Flag is not null).Select(s => s.Flag));
    }

    private static void AssertRefused(string expected, Action resolve)
    {
        var error = Assert.Throws<DepSyncException>(resolve);
        Assert.Equal(ErrorKind.Config, error.Kind);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private ConfigPlace Place => new(In("cwd"), In("home"), name => _variables.GetValueOrDefault(name)) { IsWindows = false };

    private ResolvedConfig Resolve(IEnumerable<(string Flag, string Value)>? flags = null, string? config = null) =>
        ConfigResolver.Resolve(Flags(flags ?? []) with { ConfigFile = config }, Place);

    private static FlagValues Flags(IEnumerable<(string Flag, string Value)> flags) =>
        new(flags.GroupBy(f => f.Flag, f => f.Value).ToDictionary(g => g.Key, IReadOnlyList<string> (g) => [.. g]));

    private string In(string path) => _folder + "/" + path;

    private void Set(string variable, string? value) => _variables[variable] = value ?? "";

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(In(path))!);
        File.WriteAllText(In(path), text);
    }
}
