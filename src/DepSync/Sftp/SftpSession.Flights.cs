namespace DepSync.Sftp;

/// <content>Requests that are sent and waited for together.</content>
internal sealed partial class SftpSession
{
    /// <summary>As many as files are usually under way; beyond that, and beyond what the finish of a file takes, the garbage collector has them.</summary>
    private const int KeptFlights = 256;

    private const int KeptRequests = 8;

    /// <summary>The lock's.</summary>
    private readonly Stack<SftpFlight> _flights = new();

    /// <summary>A flight to fill; it must then be sent.</summary>
    public SftpFlight RentFlight()
    {
        SftpFlight? flight;
        lock (_gate)
        {
            _flights.TryPop(out flight);
        }
        flight ??= new SftpFlight(this);
        flight.Reset();
        return flight;
    }

    public void Return(SftpFlight flight)
    {
        for (var i = 0; i < flight.Count; i++)
        {
            flight[i].Payload = default;
        }
        lock (_gate)
        {
            if (_flights.Count < KeptFlights && flight.Capacity <= KeptRequests)
            {
                _flights.Push(flight);
            }
        }
    }

    /// <summary>Queues its requests at once, with nothing of others between them.</summary>
    public ValueTask<SftpAttributes> SendTogetherAsync(SftpFlight flight)
    {
        var task = flight.Task;
        for (var i = 0; i < flight.Count; i++)
        {
            flight[i].Packet.Finish(flight[i].Payload.Length);
        }
        lock (_gate)
        {
            if (_lost is not null)
            {
                return ValueTask.FromException<SftpAttributes>(_lost.Copy());
            }
            for (var i = 0; i < flight.Count; i++)
            {
                flight[i].State = SftpRequestState.Queued;
                _queue.Enqueue(flight[i]);
            }
        }
        SendSoon();
        return task;
    }
}
