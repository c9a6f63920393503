namespace DepSync.Delta;

/// <summary>
/// How a new version of a file is made from an old one, found out bit by bit. One adds operations and gives them out; any number follow, each from the beginning and at its own pace, and hold up
/// nobody. What was given out stays as it is. Whether it is of use is known at its end alone: when it is not, what was made of it is to be thrown away.
/// <para>Threads: one who adds, gives out and ends it; all else is safe for concurrent calls.</para>
/// </summary>
internal sealed class FileDelta
{
    /// <summary>
    /// A copy of fewer bytes is sent as data: the request, its check and the second write that it makes necessary take about 110 bytes, and the server's time of some KB.
    /// </summary>
    private const int ShortestCopy = 512;

    private readonly Lock _lock = new();

    /// <summary>The lock's.</summary>
    private readonly List<DeltaOperation> _given = [];

    /// <summary>What those wait for who have seen all that is given out. The lock's.</summary>
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The lock's.</summary>
    private Growth _growth;

    private readonly TaskCompletionSource<bool> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Not given out yet. This and the next belong to the one who adds.</summary>
    private readonly List<DeltaOperation> _settled = [];

    /// <summary>What is added next may go on where it ends.</summary>
    private DeltaOperation _open;

    /// <summary>Where it begins in the new version.</summary>
    private long _position;
    private long _data;

    private enum Growth : byte
    {
        Open,
        Whole,
        Useless,
    }

    /// <summary>Whether it leads to the new version and is worth it. Ends when that is known, and fails when it could not be found out.</summary>
    public Task<bool> Holds => _end.Task;

    /// <summary>What is given out so far.</summary>
    public IReadOnlyList<DeltaOperation> Operations
    {
        get
        {
            lock (_lock)
            {
                return [.. _given];
            }
        }
    }

    /// <summary>The whole of a file that is there under another name.</summary>
    public static FileDelta WholeCopy(long length)
    {
        var delta = new FileDelta();
        delta.Add(new DeltaOperation(DeltaKind.Copy, 0, length));
        delta.End(holds: true);
        return delta;
    }

    /// <summary>Bytes of what was added that are not copied. For whoever adds.</summary>
    public long DataBytes => _data + (_open.Kind == DeltaKind.Data ? _open.Length : 0);

    /// <summary>Operations are taken as they are, apart from neighbours that are joined and copies that are not worth a request.</summary>
    public void Add(DeltaOperation operation)
    {
        if (_open.TryJoin(operation, out var joined))
        {
            _open = joined;
            return;
        }
        Settle();
        _open = operation;
    }

    /// <summary>Gives out what was added, but for a copy that may still turn out to be too short.</summary>
    public void GiveOut()
    {
        if (_open is not { Kind: DeltaKind.Copy, Length: < ShortestCopy })
        {
            Settle();
        }
        Publish(Growth.Open);
    }

    /// <summary>There is no more: all is given out, or, when it is of no use, nothing any more.</summary>
    public void End(bool holds)
    {
        Settle();
        Publish(holds ? Growth.Whole : Growth.Useless);
        _end.TrySetResult(holds);
    }

    /// <summary>There is no more, and whoever asks whether it holds hears why.</summary>
    public void Fail(Exception exception)
    {
        Publish(Growth.Useless);
        _end.TrySetException(exception);
    }

    /// <summary>The operation of this place, when it is given out; null when there are not so many, or it is known to be of no use.</summary>
    public async ValueTask<DeltaOperation?> FindAsync(int place, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task more;
            lock (_lock)
            {
                if (_growth != Growth.Useless && place < _given.Count)
                {
                    return _given[place];
                }
                if (_growth != Growth.Open)
                {
                    return null;
                }
                more = _more.Task;
            }
            await more.WaitAsync(cancellationToken);
        }
    }

    private void Publish(Growth growth)
    {
        TaskCompletionSource more;
        lock (_lock)
        {
            _growth = growth;
            if (growth != Growth.Useless)
            {
                _given.AddRange(_settled);
            }
            (more, _more) = (_more, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        _settled.Clear();
        more.SetResult();
    }

    /// <summary>Of what is settled but not given out, neighbours are joined.</summary>
    private void Settle()
    {
        var operation = _open is { Kind: DeltaKind.Copy, Length: < ShortestCopy } ? new DeltaOperation(DeltaKind.Data, _position, _open.Length) : _open;
        _position += operation.Length;
        _data += operation.Kind == DeltaKind.Data ? operation.Length : 0;
        _open = default;
        if (_settled.Count > 0 && _settled[^1].TryJoin(operation, out var joined))
        {
            _settled[^1] = joined;
        }
        else if (operation.Length > 0)
        {
            _settled.Add(operation);
        }
    }
}
