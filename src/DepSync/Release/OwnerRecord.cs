using System.Text.Json;
using System.Text.Json.Serialization;

namespace DepSync.Release;

/// <summary><c>.depsync/owner.json</c>: who pushed last. Fields are only ever added.</summary>
internal sealed record OwnerRecord
{
    /// <summary>A longer file is not one of ours.</summary>
    public const int MaxSize = 64 * 1024;

    public int Schema { get; init; } = 1;

    /// <summary>128 random bits in hex, made for one machine and one manager directory.</summary>
    public required string Manager { get; init; }

    public required string Host { get; init; }

    public required string User { get; init; }

    public required string ManagerDir { get; init; }

    public required long Epoch { get; init; }

    /// <summary>Ids of managers that this one took over from: it takes their workers without being told again.</summary>
    public IReadOnlyList<string> Supersedes { get; init; } = [];

    public required long Number { get; init; }

    public required long Generation { get; init; }

    public required string Run { get; init; }

    /// <summary>The name of the worker in that run's list; null where an older version pushed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Worker { get; init; }

    public required DateTimeOffset Time { get; init; }

    /// <summary>SHA-256, in hex, of the manifest that was written with it; null where an older version pushed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ManifestSha256 { get; init; }

    /// <summary>The other worker of that run whose push this is: the same directory under another name. Null when it is none.</summary>
    public string? SiblingOf(string run, string worker) => Run == run && Worker != worker ? Worker : null;

    public byte[] ToBytes() => [.. JsonSerializer.SerializeToUtf8Bytes(this, ReleaseJson.Default.OwnerRecord), (byte)'\n'];

    /// <summary>Null for anything that is not an owner record of a schema that is known here.</summary>
    public static OwnerRecord? TryParse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, ReleaseJson.Default.OwnerRecord) is { Schema: 1, Epoch: > 0, Number: >= 0 and < long.MaxValue / 2 } owner ? owner : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary><c>run-N/owner</c>: which run holds the folder.</summary>
internal sealed record RunOwner(string Manager, string Run, string Worker, DateTimeOffset Time)
{
    public byte[] ToBytes() => [.. JsonSerializer.SerializeToUtf8Bytes(this, ReleaseJson.Default.RunOwner), (byte)'\n'];

    public static RunOwner? TryParse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, ReleaseJson.Default.RunOwner);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(OwnerRecord))]
[JsonSerializable(typeof(RunOwner))]
internal sealed partial class ReleaseJson : JsonSerializerContext;
