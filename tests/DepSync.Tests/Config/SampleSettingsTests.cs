using System.Runtime.CompilerServices;
using DepSync.Config;

namespace DepSync.Tests.Config;

/// <summary>The commented sample is the reference of the settings: it loads, it names every key, and what it shows is the default.</summary>
public sealed class SampleSettingsTests
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../.."));
    private static readonly string Sample = Path.Combine(Root, "samples/depsync.yaml");

    [Fact]
    public void The_sample_and_its_workers_list_load()
    {
        var run = Resolve();
        Assert.Equal(Path.Combine(Root, "samples/manager"), run.ManagerDir);
        Assert.Equal(["worker-1", "worker-2", "worker-3"], run.Workers.Select(w => w.Name));
        Assert.All(run.Workers, w => Assert.Equal((true, "sample"), (w.IsLocal, Assert.Single(w.Groups))));
        Assert.Equal(Path.Combine(Root, "samples/cluster"), Path.GetDirectoryName(run.StateDir));
        Assert.Equal(Path.Combine(Root, "samples/cluster"), Path.GetDirectoryName(run.Log.Directory));
    }

    [Fact]
    public void What_the_sample_sets_is_the_default_apart_from_places()
    {
        var run = Resolve();
        var expected = new RunConfig { ManagerDir = run.ManagerDir, Workers = run.Workers };
        Assert.Equal(
            expected with
            {
                StateDir = run.StateDir,
                Log = expected.Log with { Directory = run.Log.Directory },
                Ssh = expected.Ssh with { KnownHosts = "/home/u/.ssh/known_hosts" },
                Exclude = run.Exclude,
                Protect = run.Protect,
                AllowEmpty = run.AllowEmpty,
                FirstContact = run.FirstContact,
            },
            run);
        Assert.Empty(run.Exclude.Concat(run.Protect));
    }

    [Fact]
    public void The_sample_names_every_key()
    {
        var lines = File.ReadAllLines(Sample).Select(l => l.TrimStart(' ', '#')).ToArray();
        var keys = Setting.All.Where(s => s.Key is not null).Select(s => s.Key!.Split('.')[^1]);
        Assert.All(keys, key => Assert.Contains(lines, l => l.StartsWith(key + ":", StringComparison.Ordinal)));
    }

    private static RunConfig Resolve() =>
        ConfigResolver.Resolve(new FlagValues(new Dictionary<string, IReadOnlyList<string>>()) { ConfigFile = Sample }, new ConfigPlace(Root, "/home/u", _ => null) { IsWindows = false }).Run;

    private static string Here([CallerFilePath] string path = "") => path;
}
