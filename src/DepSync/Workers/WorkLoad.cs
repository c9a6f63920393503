namespace DepSync.Workers;

/// <summary>What is about to be asked of a worker, as far as it is known: files to stage, directories to list.</summary>
internal readonly record struct WorkLoad
{
    public int Files { get; init; }

    public long Bytes { get; init; }

    public int Directories { get; init; }

    /// <summary>What they are likely to hold together.</summary>
    public int Entries { get; init; }
}

/// <summary>Where nothing is done about what is expected.</summary>
internal sealed class NothingExpected : IAsyncDisposable
{
    public static NothingExpected Instance { get; } = new();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
