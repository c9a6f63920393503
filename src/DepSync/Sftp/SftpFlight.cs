using System.Threading.Tasks.Sources;

namespace DepSync.Sftp;

/// <summary>
/// Requests that are queued together, in their order, and waited for as one; used again for the next ones. Four requests of a small file cost one continuation and no object.
/// <para>Result: what was brought by the one that asked for attributes. Failure, when all of them have ended: that of the earliest which failed, but for those that
/// <see cref="SftpRequest.MayBeRefused"/>. There is no cancelling: the memory that they send from is the caller's again when the task has ended, and not before.</para>
/// <para>Threads: filled and sent by one; awaited once.</para>
/// </summary>
internal sealed class SftpFlight(SftpSession session) : IValueTaskSource<SftpAttributes>
{
    private readonly List<SftpRequest> _requests = [];
    private readonly Lock _lock = new();
    private ManualResetValueTaskSourceCore<SftpAttributes> _core;

    /// <summary>Not answered yet. The lock's, as is all below.</summary>
    private int _owed;

    private SftpAttributes _found;
    private SftpRequest? _failed;
    private Exception? _failure;

    public int Count { get; private set; }

    public SftpRequest this[int index] => _requests[index];

    /// <summary>How much memory it holds on to.</summary>
    public int Capacity => _requests.Count;

    public ValueTask<SftpAttributes> Task => new(this, _core.Version);

    public void Reset()
    {
        _core.Reset();
        _core.RunContinuationsAsynchronously = false;
        (Count, _owed, _found, _failed, _failure) = (0, 0, default, null, null);
    }

    /// <summary>The next request, to be filled.</summary>
    public SftpRequest Add(SftpExpected expected)
    {
        if (Count == _requests.Count)
        {
            _requests.Add(new SftpRequest(session, this));
        }
        var request = _requests[Count++];
        request.Reset(expected);
        _owed++;
        return request;
    }

    /// <summary>One of them is answered. The last one's caller goes on with whoever waits, here and now; not where no foreign code may run.</summary>
    public void End(SftpRequest request, in SftpReply reply, SftpCompletion completion)
    {
        var failure = reply.Status == SftpStatus.Ok || request.MayBeRefused ? null : SftpClient.Refused(reply);
        End(request, failure, reply.Attributes, completion);
    }

    public void Fail(SftpRequest request, Exception exception) => End(request, exception, default, SftpCompletion.Elsewhere);

    public SftpAttributes GetResult(short token)
    {
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            session.Return(this);
        }
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void End(SftpRequest request, Exception? failure, in SftpAttributes found, SftpCompletion completion)
    {
        lock (_lock)
        {
            if (failure is not null && (_failed is null || _requests.IndexOf(request) < _requests.IndexOf(_failed)))
            {
                (_failed, _failure) = (request, failure);
            }
            if (request.Expected == SftpExpected.Attributes)
            {
                _found = found;
            }
            if (--_owed > 0)
            {
                return;
            }
        }
        _core.RunContinuationsAsynchronously = completion == SftpCompletion.Elsewhere;
        if (_failure is { } first)
        {
            _core.SetException(first);
        }
        else
        {
            _core.SetResult(_found);
        }
    }
}

/// <summary>Where the code goes on that waits for a reply.</summary>
internal enum SftpCompletion
{
    /// <summary>On the thread that completes.</summary>
    Here,

    /// <summary>On another one: no foreign code may run here.</summary>
    Elsewhere,
}
