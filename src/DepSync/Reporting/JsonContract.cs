using System.Text.Json.Serialization;

namespace DepSync.Reporting;

/// <summary>
/// The lines of <c>--json</c>. Names, types and order are a contract with users' scripts: fields and types of lines are only ever added.
/// </summary>
internal abstract record JsonLine(string Type)
{
    [JsonPropertyOrder(-4)]
    public int Schema { get; } = 1;

    /// <summary>RFC 3339, UTC, milliseconds.</summary>
    [JsonPropertyOrder(-3)]
    public string Ts { get; set; } = "";

    /// <summary>Null only for a run that failed before it had an id.</summary>
    [JsonPropertyOrder(-2)]
    public string? Run { get; set; }

    [JsonPropertyOrder(-1)]
    public string Type { get; } = Type;
}

internal sealed record JsonRunStarted(string ManagerDir, IReadOnlyList<string> Workers, bool DryRun) : JsonLine("run_started");

internal sealed record JsonChange : JsonLine
{
    public JsonChange()
        : base("change")
    {
    }

    public required string? Worker { get; init; }

    /// <summary>Without a trailing slash; the root is <c>.</c>. What is not UTF-8 is U+FFFD, and then <see cref="PathBase64"/> has the bytes.</summary>
    public required string Path { get; init; }

    [JsonPropertyName("path_base64"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PathBase64 { get; init; }

    public required string Action { get; init; }

    public required string Kind { get; init; }

    public required string Reason { get; init; }

    /// <summary>Null for deletes and directories.</summary>
    public required long? Size { get; init; }

    public required string Itemize { get; init; }
}

/// <summary>A file that differs and is not sent now: <c>unsettled</c>, <c>incomplete_archive</c>, <c>vanished</c> or <c>changing</c>.</summary>
internal sealed record JsonDeferred : JsonLine
{
    public JsonDeferred()
        : base("deferred")
    {
    }

    public required string? Worker { get; init; }

    public required string Path { get; init; }

    [JsonPropertyName("path_base64"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PathBase64 { get; init; }

    public required string Deferral { get; init; }
}

/// <summary>One path that failed. <see cref="Worker"/> is null for a path of the source.</summary>
internal sealed record JsonProblem : JsonLine
{
    public JsonProblem()
        : base("problem")
    {
    }

    public required string? Worker { get; init; }

    public required string Path { get; init; }

    [JsonPropertyName("path_base64"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PathBase64 { get; init; }

    public required string Message { get; init; }
}

/// <summary><see cref="Level"/> is <c>notice</c> or <c>warning</c>.</summary>
internal sealed record JsonNote(string? Worker, string Level, string Message) : JsonLine("note");

internal sealed record JsonError(string Kind, string Message, string? Hint);

internal sealed record JsonWorkerDone : JsonLine
{
    public JsonWorkerDone()
        : base("worker_done")
    {
    }

    public required string Worker { get; init; }

    public required string Status { get; init; }

    public required int Created { get; init; }

    public required int Updated { get; init; }

    public required int Deleted { get; init; }

    public required int Attributes { get; init; }

    public required int Deferred { get; init; }

    public required int DeletesHeld { get; init; }

    public required long BytesSent { get; init; }

    public required long BytesTotal { get; init; }

    public required double Seconds { get; init; }

    public required long CommitMs { get; init; }

    public required long? Generation { get; init; }

    /// <summary>The exit code that this worker alone would give.</summary>
    public required int Code { get; init; }

    public required JsonError? Error { get; init; }
}

internal sealed record JsonRunDone : JsonLine
{
    public JsonRunDone()
        : base("run_done")
    {
    }

    public required int ExitCode { get; init; }

    public required int WorkersTotal { get; init; }

    /// <summary>Those that did not fail, were not refused and have no problem; deferred files are none.</summary>
    public required int WorkersOk { get; init; }

    public required int WorkersFailed { get; init; }

    public required double Seconds { get; init; }

    /// <summary>What ended the run as a whole; null when it went through.</summary>
    public JsonError? Error { get; init; }
}

/// <summary>What <c>depsync check</c> found; <see cref="State"/> is <c>ok</c>, <c>warning</c> or <c>failed</c>, and <see cref="Ok"/> false for the last alone; <see cref="Mend"/> is a command, or what to do, and null where there is nothing to mend.</summary>
internal sealed record JsonCheck(string Worker, string Name, bool Ok, string Message, string? Mend, string State) : JsonLine("check");

/// <summary>A host key that <c>depsync trust</c> saw: <c>known</c>, <c>new</c>, <c>changed</c> or <c>revoked</c>, and whether it was recorded now.</summary>
internal sealed record JsonHostKey(string Worker, string KeyType, string Fingerprint, string State, bool Recorded) : JsonLine("host_key");

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(JsonRunStarted))]
[JsonSerializable(typeof(JsonChange))]
[JsonSerializable(typeof(JsonDeferred))]
[JsonSerializable(typeof(JsonProblem))]
[JsonSerializable(typeof(JsonNote))]
[JsonSerializable(typeof(JsonWorkerDone))]
[JsonSerializable(typeof(JsonRunDone))]
[JsonSerializable(typeof(JsonCheck))]
[JsonSerializable(typeof(JsonHostKey))]
internal sealed partial class JsonContract : JsonSerializerContext;
