namespace DepSync.Config;

/// <summary>The values that a source gives for one setting, and how its paths become absolute.</summary>
internal readonly record struct SettingValues(IReadOnlyList<string> All, Func<string, string> Absolute)
{
    /// <summary>The last one counts, so that a script may append a flag.</summary>
    public string Text => All[^1];

    public string Path => Absolute(Text);
}

/// <summary>
/// One setting: its key in the file (null: not there), its flag without the dashes (null: none; the environment's name follows from it), whether it takes several values, and
/// how a value gets into a layer. <see cref="Apply"/> throws <see cref="FormatException"/> that says what was expected. The table is the one place where a setting is named.
/// </summary>
internal sealed record Setting(string? Key, string? Flag, Func<SettingsLayer, SettingValues, SettingsLayer> Apply)
{
    /// <summary>A list in the file; on the command line an option that may stand several times.</summary>
    public bool IsList { get; private init; }

    /// <summary>On the command line an option without a value.</summary>
    public bool IsSwitch { get; private init; }

    public string? Variable => Flag is null ? null : "DEPSYNC_" + Flag.ToUpperInvariant().Replace('-', '_');

    public static IReadOnlyList<Setting> All { get; } =
    [
        new("manager_dir", "manager-dir", (l, v) => l with { ManagerDir = v.Path }),
        new("workers", "workers", (l, v) => l with { WorkersFile = v.Path }),
        new("ssh.identity", "identity", (l, v) => l with { Identity = v.Path }),
        new("ssh.passphrase_file", null, (l, v) => l with { PassphraseFile = v.Path }),
        new("ssh.known_hosts", "known-hosts", (l, v) => l with { KnownHosts = v.Path }),
        new("ssh.host_key", "host-key", (l, v) => l with
        {
            HostKey = SettingText.Choice(v.Text, ("ask", HostKeyMode.Ask), ("strict", HostKeyMode.Strict), ("accept-new", HostKeyMode.AcceptNew), ("insecure", HostKeyMode.Insecure)),
        }),
        new("ssh.client", "ssh-client", (l, v) => l with { Client = SettingText.Choice(v.Text, ("builtin", SshClientKind.Builtin), ("openssh", SshClientKind.OpenSsh)) }),
        new("ssh.exec", null, (l, v) => l with { Exec = SettingText.Choice(v.Text, ("auto", true), ("never", false)) }),
        new("ssh.kex", null, (l, v) => l with { Kex = SettingText.Choice(v.Text, ("default", KeyExchangeOrder.Default), ("fast", KeyExchangeOrder.Fast)) }),
        new("ssh.compress", null, (l, v) => l with { Compress = SettingText.Switch(v.Text) }),
        new("ssh.connect_timeout", null, (l, v) => l with { ConnectTimeout = SettingText.PositiveDuration(v.Text) }),
        new("ssh.idle_timeout", null, (l, v) => l with { IdleTimeout = SettingText.PositiveDuration(v.Text) }),
        new("exclude", "exclude", (l, v) => l with { Exclude = [.. v.All.Select(SettingText.Pattern)] }) { IsList = true },
        new("protect", "protect", (l, v) => l with { Protect = [.. v.All.Select(SettingText.Pattern)] }) { IsList = true },
        new("exploded_webapps", null, (l, v) => l with { IgnoreExplodedWebapps = SettingText.Choice(v.Text, ("ignore", true), ("mirror", false)) }),
        new("settle", "settle", (l, v) => l with { Settle = SettingText.Duration(v.Text) }),
        new("max_delete", "max-delete", (l, v) => l with { MaxDelete = SettingText.DeleteLimit(v.Text) }),
        new("parallel", "parallel", (l, v) => l with { Parallel = SettingText.Count(v.Text, least: 1, most: 1000) }),
        new("bwlimit", "bwlimit", (l, v) => l with { BytesPerSecond = SettingText.Rate(v.Text) }),
        new("max_time", "max-time", (l, v) => l with { MaxTime = SettingText.DurationOrOff(v.Text) }),
        new("keep_generations", null, (l, v) => l with { KeepGenerations = SettingText.Count(v.Text, least: 0, most: 1000) }),
        new("fsync", null, (l, v) => l with { Durable = SettingText.Choice(v.Text, ("default", true), ("never", false)) }),
        new("whole_file", "whole-file", (l, v) => l with { WholeFile = SettingText.Switch(v.Text) }) { IsSwitch = true },
        new("log.dir", "log-dir", (l, v) => l with { LogDir = v.Path }),
        new("log.keep_files", null, (l, v) => l with { LogKeepFiles = SettingText.Count(v.Text, least: 1, most: 10_000) }),
        new("log.max_size", null, (l, v) => l with { LogMaxSize = SettingText.Size(v.Text) }),
        new("state_dir", "state-dir", (l, v) => l with { StateDir = v.Path }),
        new(null, "only", (l, v) => l with { Only = [.. v.All.Select(Name)] }) { IsList = true },
        new(null, "allow-empty", (l, v) => l with { AllowEmpty = [.. v.All.Select(SettingText.PathInTree)] }) { IsList = true },
        new(null, "first-contact", (l, v) => l with { FirstContact = [.. v.All.Select(Name)] }) { IsList = true },
        new(null, "dry-run", (l, v) => l with { DryRun = SettingText.Switch(v.Text) }) { IsSwitch = true },
        new(null, "checksum", (l, v) => l with { Checksum = SettingText.Switch(v.Text) }) { IsSwitch = true },
        new(null, "lock-wait", (l, v) => l with { LockWait = SettingText.Duration(v.Text) }),
        new(null, "detailed-exitcode", (l, v) => l with { DetailedExitCode = SettingText.Switch(v.Text) }) { IsSwitch = true },
        new(null, "json", (l, v) => l with { Json = SettingText.Switch(v.Text) }) { IsSwitch = true },
        new(null, "itemize", (l, v) => l with { Itemize = SettingText.Switch(v.Text) }) { IsSwitch = true },
        new(null, "verbose", (l, v) => l with { Verbose = SettingText.Switch(v.Text) }) { IsSwitch = true },
        new(null, "quiet", (l, v) => l with { Quiet = SettingText.Switch(v.Text) }) { IsSwitch = true },
        new(null, "color", (l, v) => l with { Color = Mode(v.Text) }),
        new(null, "progress", (l, v) => l with { Progress = Mode(v.Text) }),
    ];

    private static OutputMode Mode(string text) => SettingText.Choice(text, ("auto", OutputMode.Auto), ("always", OutputMode.Always), ("never", OutputMode.Never));

    private static string Name(string text) => text.Length > 0 ? text : throw new FormatException("expected a name, not an empty one");
}
