using DepSync.Model;

namespace DepSync.Config;

/// <summary>What one source of settings (flags, environment, file) says; null where it says nothing. Paths are absolute. Immutable.</summary>
internal sealed record SettingsLayer
{
    public string? ManagerDir { get; init; }
    public string? WorkersFile { get; init; }
    public string? Identity { get; init; }
    public string? PassphraseFile { get; init; }
    public string? KnownHosts { get; init; }
    public HostKeyMode? HostKey { get; init; }
    public SshClientKind? Client { get; init; }
    public bool? Exec { get; init; }
    public KeyExchangeOrder? Kex { get; init; }
    public bool? Compress { get; init; }
    public TimeSpan? ConnectTimeout { get; init; }
    public TimeSpan? IdleTimeout { get; init; }
    public IReadOnlyList<string>? Exclude { get; init; }
    public IReadOnlyList<string>? Protect { get; init; }
    public bool? IgnoreExplodedWebapps { get; init; }
    public TimeSpan? Settle { get; init; }
    public DeleteLimit? MaxDelete { get; init; }
    public int? Parallel { get; init; }
    public long? BytesPerSecond { get; init; }

    /// <summary>Infinite: off.</summary>
    public TimeSpan? MaxTime { get; init; }
    public int? KeepGenerations { get; init; }
    public bool? Durable { get; init; }
    public bool? WholeFile { get; init; }
    public string? LogDir { get; init; }
    public int? LogKeepFiles { get; init; }
    public long? LogMaxSize { get; init; }
    public string? StateDir { get; init; }
    public IReadOnlyList<string>? Only { get; init; }
    public IReadOnlyList<RelativePath>? AllowEmpty { get; init; }
    public IReadOnlyList<string>? FirstContact { get; init; }
    public bool? DryRun { get; init; }
    public bool? Checksum { get; init; }
    public TimeSpan? LockWait { get; init; }
    public bool? DetailedExitCode { get; init; }
    public bool? Json { get; init; }
    public bool? Itemize { get; init; }
    public bool? Verbose { get; init; }
    public bool? Quiet { get; init; }
    public OutputMode? Color { get; init; }
    public OutputMode? Progress { get; init; }

    /// <summary>This layer, and where it says nothing what <paramref name="lower"/> says.</summary>
    public SettingsLayer Over(SettingsLayer lower) => new()
    {
        ManagerDir = ManagerDir ?? lower.ManagerDir,
        WorkersFile = WorkersFile ?? lower.WorkersFile,
        Identity = Identity ?? lower.Identity,
        PassphraseFile = PassphraseFile ?? lower.PassphraseFile,
        KnownHosts = KnownHosts ?? lower.KnownHosts,
        HostKey = HostKey ?? lower.HostKey,
        Client = Client ?? lower.Client,
        Exec = Exec ?? lower.Exec,
        Kex = Kex ?? lower.Kex,
        Compress = Compress ?? lower.Compress,
        ConnectTimeout = ConnectTimeout ?? lower.ConnectTimeout,
        IdleTimeout = IdleTimeout ?? lower.IdleTimeout,
        Exclude = Exclude ?? lower.Exclude,
        Protect = Protect ?? lower.Protect,
        IgnoreExplodedWebapps = IgnoreExplodedWebapps ?? lower.IgnoreExplodedWebapps,
        Settle = Settle ?? lower.Settle,
        MaxDelete = MaxDelete ?? lower.MaxDelete,
        Parallel = Parallel ?? lower.Parallel,
        BytesPerSecond = BytesPerSecond ?? lower.BytesPerSecond,
        MaxTime = MaxTime ?? lower.MaxTime,
        KeepGenerations = KeepGenerations ?? lower.KeepGenerations,
        Durable = Durable ?? lower.Durable,
        WholeFile = WholeFile ?? lower.WholeFile,
        LogDir = LogDir ?? lower.LogDir,
        LogKeepFiles = LogKeepFiles ?? lower.LogKeepFiles,
        LogMaxSize = LogMaxSize ?? lower.LogMaxSize,
        StateDir = StateDir ?? lower.StateDir,
        Only = Only ?? lower.Only,
        AllowEmpty = AllowEmpty ?? lower.AllowEmpty,
        FirstContact = FirstContact ?? lower.FirstContact,
        DryRun = DryRun ?? lower.DryRun,
        Checksum = Checksum ?? lower.Checksum,
        LockWait = LockWait ?? lower.LockWait,
        DetailedExitCode = DetailedExitCode ?? lower.DetailedExitCode,
        Json = Json ?? lower.Json,
        Itemize = Itemize ?? lower.Itemize,
        Verbose = Verbose ?? lower.Verbose,
        Quiet = Quiet ?? lower.Quiet,
        Color = Color ?? lower.Color,
        Progress = Progress ?? lower.Progress,
    };
}
