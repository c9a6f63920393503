using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace DepSync.Sftp;

/// <summary>Where a request is on its way.</summary>
internal enum SftpRequestState : byte
{
    Idle,

    /// <summary>Called; waits for room in the window.</summary>
    Queued,

    /// <summary>Its payload is being written out of the caller's memory.</summary>
    Sending,

    /// <summary>On the wire; the caller's payload is not needed any more.</summary>
    Sent,

    /// <summary>Answered, failed, or cancelled before it was sent.</summary>
    Done,
}

/// <summary>
/// One request from the call to its reply, used again for the next one. State that both loops and callers touch belongs to the session's lock.
/// A value task of it must be awaited once, or never: then the request is left to the garbage collector. One that belongs to a flight tells that of its end, and has no task of its own.
/// </summary>
internal sealed class SftpRequest(SftpSession session, SftpFlight? flight = null) : IValueTaskSource<SftpReply>
{
    private ManualResetValueTaskSourceCore<SftpReply> _core;
    private CancellationTokenRegistration _cancellation;

    public SftpPacketWriter Packet { get; } = new(flight is null ? SftpPacketWriter.PathCapacity : SftpPacketWriter.HandleCapacity);

    public SftpExpected Expected { get; private set; }

    /// <summary>Follows the packet on the wire; stays the caller's.</summary>
    public ReadOnlyMemory<byte> Payload { get; set; }

    /// <summary>Where READ's bytes go.</summary>
    public Memory<byte> Destination { get; set; }

    /// <summary>How long the reply may take when that is more than the idle timeout.</summary>
    public TimeSpan Patience { get; set; }

    /// <summary>Sent even when its caller gave up before (CLOSE: a handle must not stay open).</summary>
    public bool AlwaysSent { get; set; }

    /// <summary>In a flight: a refusal of this one is no failure.</summary>
    public bool MayBeRefused { get; set; }

    /// <summary>The session's lock.</summary>
    public SftpRequestState State { get; set; }

    /// <summary>Nobody waits for the reply (any more). The session's lock.</summary>
    public bool Abandoned { get; set; }

    /// <summary>Cancelled while its payload was on the way: the memory is still read. The session's lock.</summary>
    public CancellationToken? CancelledWhileSending { get; set; }

    /// <summary>The reply that came before the write of the payload had ended. The session's lock.</summary>
    public StrongBox<SftpReply>? EarlyReply { get; set; }

    /// <summary>Bytes that it counts for beside its own: so much could wait in the server's queue while the server is at work on it.</summary>
    public int Weight { get; set; }

    /// <summary>What it takes of the window: its own bytes and those that it asks for.</summary>
    public int Cost => Packet.Bytes.Length + Payload.Length + Destination.Length + Weight;

    public ValueTask<SftpReply> Task => new(this, _core.Version);

    public void Reset(SftpExpected expected)
    {
        _core.Reset();
        _core.RunContinuationsAsynchronously = false;
        Expected = expected;
        Payload = default;
        Destination = default;
        Patience = default;
        Weight = 0;
        AlwaysSent = false;
        MayBeRefused = false;
        State = SftpRequestState.Idle;
        Abandoned = false;
        CancelledWhileSending = null;
        EarlyReply = null;
    }

    public void Watch(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            _cancellation = cancellationToken.UnsafeRegister(static (request, token) => ((SftpRequest)request!).Cancel(token), this);
        }
    }

    /// <summary>Hands the reply to the caller, whose continuation runs here and now, on the read loop; elsewhere from a place where no foreign code may run.</summary>
    public void Complete(in SftpReply reply, SftpCompletion completion)
    {
        if (flight is not null)
        {
            flight.End(this, reply, completion);
            return;
        }
        _core.RunContinuationsAsynchronously = completion == SftpCompletion.Elsewhere;
        _core.SetResult(reply);
    }

    public void FailElsewhere(Exception exception)
    {
        if (flight is not null)
        {
            flight.Fail(this, exception);
            return;
        }
        _core.RunContinuationsAsynchronously = true;
        _core.SetException(exception);
    }

    public SftpReply GetResult(short token)
    {
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            // Waits for a cancellation that runs at this moment, so that none ever meets the request's next use.
            _cancellation.Dispose();
            _cancellation = default;
            session.Return(this);
        }
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void Cancel(CancellationToken token) => session.Abandon(this, token);
}
