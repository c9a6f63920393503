using System.Security.Cryptography;
using System.Text.Json.Serialization;
using DepSync.Model;

namespace DepSync.State;

/// <summary>Which run, and when it started.</summary>
internal sealed record RunStamp(string Run, DateTimeOffset At);

/// <summary>Who was met on a worker with a higher epoch than ours: until our own takeover nothing is pushed anywhere.</summary>
internal sealed record FencedBy
{
    /// <summary>The other manager's id.</summary>
    public required string Manager { get; init; }

    public string? Host { get; init; }

    public string? User { get; init; }

    public required long Epoch { get; init; }

    /// <summary>The name of the worker that showed it.</summary>
    public required string Worker { get; init; }

    public required DateTimeOffset At { get; init; }
}

/// <summary>What this machine remembers of one manager directory. Immutable; stored by <see cref="StateStore"/>.</summary>
internal sealed record ManagerState
{
    public const int CurrentSchema = 1;

    public required int Schema { get; init; }

    /// <summary>128 random bits as 32 hex digits, for this machine and this real path.</summary>
    public required string Id { get; init; }

    /// <summary>The real path.</summary>
    public required string ManagerDir { get; init; }

    public required string Host { get; init; }

    /// <summary>Starts at 1; each takeover raises it.</summary>
    public required long Epoch { get; init; }

    /// <summary>Ids of the managers that this one took over from.</summary>
    public IReadOnlyList<string> Supersedes
    {
        get;
        // A file that lacks the field gives null here.
        init => field = value ?? [];
    } = [];

    public FencedBy? FencedBy { get; init; }

    /// <summary>Folders of the manager directory that were mount points at the last good run.</summary>
    [JsonIgnore]
    public IReadOnlyList<RelativePath> MountPoints { get; init; } = [];

    /// <summary><see cref="MountPoints"/> as they are stored.</summary>
    [JsonInclude, JsonPropertyName("mount_points")]
    internal IReadOnlyList<string> MountPointTexts
    {
        get => [.. MountPoints.Select(PathText.Of)];
        init => MountPoints = [.. (value ?? []).Select(PathText.Parse)];
    }

    /// <summary>The manager directory had its marker file at the last good run.</summary>
    public bool HasMarker { get; init; }

    public RunStamp? LastGoodRun { get; init; }

    /// <summary>The state of a manager that never pushed, with a new id.</summary>
    public static ManagerState Create(string managerDir, string host) => new()
    {
        Schema = CurrentSchema,
        Id = RandomNumberGenerator.GetHexString(32, lowercase: true),
        ManagerDir = managerDir,
        Host = host,
        Epoch = 1,
    };
}
