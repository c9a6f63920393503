using DepSync.Model;

namespace DepSync.Config;

/// <summary>The settings of a run, and the file that was read (null: none).</summary>
internal sealed record ResolvedConfig(RunConfig Run, string? ConfigFile);

/// <summary>
/// Makes one <see cref="RunConfig"/>: flags over environment over depsync.yaml over defaults; <c>--exclude</c> and <c>--protect</c> add to the file's. Only reads the files
/// that the user names or that lie in the places for them.
/// </summary>
internal static class ConfigResolver
{
    private const string FileName = "depsync.yaml";
    private const string ListName = "workers-list.txt";

    /// <exception cref="DepSyncException">Config: everything that is wrong, a line each. Source: the workers list is missing or empty.</exception>
    public static ResolvedConfig Resolve(FlagValues flags, ConfigPlace place)
    {
        var errors = new List<string>();
        var given = FlagReader.ReadFlags(flags, place, errors).Over(FlagReader.ReadVariables(place, errors));
        var configFile = FindConfigFile(flags, place, errors);
        var read = configFile is null ? new SettingsLayer() : Try(() => ConfigFile.Read(configFile, place), errors);
        var file = read ?? new SettingsLayer();
        var layer = given.Over(file) with
        {
            Exclude = [.. file.Exclude ?? [], .. given.Exclude ?? []],
            Protect = [.. file.Protect ?? [], .. given.Protect ?? []],
        };
        var listed = ReadWorkers(layer, configFile, place, errors, out var missingList);
        var chosen = listed is null ? [] : WorkerSelection.Choose(listed, layer.Only ?? [], errors);
        foreach (var name in (layer.FirstContact ?? []).Where(name => listed is not null && !listed.Any(w => w.Name == name)))
        {
            errors.Add($"--first-contact {name}: no worker has this name{WorkerSelection.Hint(name, listed!)}");
        }
        if (layer.Quiet == true && layer.Verbose == true)
        {
            errors.Add("expected -v or -q, not both");
        }
        if (layer.ManagerDir is null && flags.ManagerDirNeeded && read is not null)
        {
            errors.Add($"no manager directory: give --manager-dir DIR, or write manager_dir in {configFile ?? FileName}");
        }
        if (errors.Count > 0)
        {
            throw new DepSyncException(ErrorKind.Config, string.Join('\n', errors));
        }
        return missingList is null ? new ResolvedConfig(ToRunConfig(layer, chosen), configFile) : throw missingList;
    }

    /// <summary>How to tell what happens, from flags and environment alone; what is wrong with them is left to <see cref="Resolve"/>, which is told in this way.</summary>
    public static OutputSettings ResolveOutput(FlagValues flags, ConfigPlace place)
    {
        var errors = new List<string>();
        return ToOutput(FlagReader.ReadFlags(flags, place, errors).Over(FlagReader.ReadVariables(place, errors)));
    }

    private static string? FindConfigFile(FlagValues flags, ConfigPlace place, List<string> errors)
    {
        var (source, named) = flags.ConfigFile is { } flag ? ("--config", flag) : ("DEPSYNC_CONFIG", place.Variable("DEPSYNC_CONFIG"));
        if (named is { Length: > 0 } || flags.ConfigFile is not null)
        {
            try
            {
                return place.Absolute(named!, place.CurrentFolder);
            }
            catch (FormatException e)
            {
                errors.Add($"{source}: {e.Message}");
                return null;
            }
        }
        return SearchedFiles(place).FirstOrDefault(File.Exists);
    }

    private static IEnumerable<string> SearchedFiles(ConfigPlace place)
    {
        yield return Path.Combine(place.CurrentFolder, FileName);
        // A relative XDG folder is to be ignored, as its specification says.
        yield return Path.Combine(place.Variable("XDG_CONFIG_HOME") is { Length: > 0 } xdg && Path.IsPathRooted(xdg) ? xdg : Path.Combine(place.Home, ".config"), "depsync", FileName);
        yield return place.IsWindows
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "DepSync", FileName)
            : $"/etc/depsync/{FileName}";
    }

    /// <summary>The whole list; null when it cannot be read. A missing or empty list is told only when nothing else is wrong, so it is handed out.</summary>
    private static IReadOnlyList<WorkerAddress>? ReadWorkers(SettingsLayer layer, string? configFile, ConfigPlace place, List<string> errors, out DepSyncException? missing)
    {
        missing = null;
        var beside = configFile is null ? null : Path.Combine(Path.GetDirectoryName(configFile)!, ListName);
        var list = layer.WorkersFile ?? (File.Exists(beside) ? beside : Path.Combine(place.CurrentFolder, ListName));
        try
        {
            return WorkersFile.Read(list, place);
        }
        catch (DepSyncException e) when (e.Kind == ErrorKind.Source)
        {
            var hint = beside is null || beside == list || layer.WorkersFile is not null ? "Give --workers FILE, or write workers in depsync.yaml." : $"There is none beside the settings either ({beside}).";
            missing = new DepSyncException(ErrorKind.Source, e.Message, e.Hint ?? hint, e);
            return null;
        }
        catch (DepSyncException e)
        {
            errors.Add(e.Message);
            return null;
        }
    }

    private static SettingsLayer? Try(Func<SettingsLayer> read, List<string> errors)
    {
        try
        {
            return read();
        }
        catch (DepSyncException e)
        {
            errors.Add(e.Message);
            return null;
        }
    }

    private static RunConfig ToRunConfig(SettingsLayer layer, IReadOnlyList<WorkerAddress> workers)
    {
        var ssh = new SshSettings();
        var log = new LogSettings();
        var run = new RunConfig { ManagerDir = layer.ManagerDir ?? "", Workers = workers };
        return run with
        {
            NamesWorkers = layer.Only is { Count: > 0 },
            Ssh = ssh with
            {
                Identity = layer.Identity,
                PassphraseFile = layer.PassphraseFile,
                KnownHosts = layer.KnownHosts,
                HostKey = layer.HostKey ?? ssh.HostKey,
                Client = layer.Client ?? ssh.Client,
                Exec = layer.Exec ?? ssh.Exec,
                Kex = layer.Kex ?? ssh.Kex,
                Compress = layer.Compress ?? ssh.Compress,
                ConnectTimeout = layer.ConnectTimeout ?? ssh.ConnectTimeout,
                IdleTimeout = layer.IdleTimeout ?? ssh.IdleTimeout,
            },
            Exclude = layer.Exclude ?? [],
            Protect = layer.Protect ?? [],
            IgnoreExplodedWebapps = layer.IgnoreExplodedWebapps ?? run.IgnoreExplodedWebapps,
            Settle = layer.Settle ?? run.Settle,
            MaxDelete = layer.MaxDelete ?? run.MaxDelete,
            AllowEmpty = layer.AllowEmpty ?? [],
            FirstContact = layer.FirstContact ?? [],
            Parallel = layer.Parallel ?? run.Parallel,
            BytesPerSecond = layer.BytesPerSecond ?? run.BytesPerSecond,
            MaxTime = layer.MaxTime == Timeout.InfiniteTimeSpan ? null : layer.MaxTime,
            LockWait = layer.LockWait ?? run.LockWait,
            KeepGenerations = layer.KeepGenerations ?? run.KeepGenerations,
            Durable = layer.Durable ?? run.Durable,
            WholeFile = layer.WholeFile ?? run.WholeFile,
            DryRun = layer.DryRun ?? false,
            Checksum = layer.Checksum ?? false,
            Log = log with { Directory = layer.LogDir, KeepFiles = layer.LogKeepFiles ?? log.KeepFiles, MaxSizeBytes = layer.LogMaxSize ?? log.MaxSizeBytes },
            StateDir = layer.StateDir,
            DetailedExitCode = layer.DetailedExitCode ?? false,
        };
    }

    private static OutputSettings ToOutput(SettingsLayer layer) => new()
    {
        Json = layer.Json ?? false,
        Itemize = layer.Itemize ?? false,
        Verbose = layer.Verbose ?? false,
        Quiet = layer.Quiet ?? false,
        Color = layer.Color ?? OutputMode.Auto,
        Progress = layer.Progress ?? OutputMode.Auto,
    };
}
