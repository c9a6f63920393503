using System.IO.Pipelines;
using DepSync.Sftp;
using DepSync.Workers;

namespace DepSync.Tests.Support;

/// <summary>
/// A connection between DepSync's SFTP client and a real server, of which one packet goes wrong as a <see cref="WireScript"/> says. Where the client is to run into a deadline
/// it has <see cref="Clock"/>, which runs ten thousand times as fast as the machine's from then on; nothing else here waits for time. Owns the server.
/// </summary>
internal sealed class SftpWire : IDisposable
{
    private const int LaterReplies = 3;
    private const int ReversedReplies = 8;

    private readonly SftpServerProcess _server;
    private readonly WireScript _script;
    private readonly LocalShell? _shell;
    private readonly Pipe _toServer = new(Unbounded);
    private readonly Pipe _toClient = new(Unbounded);
    private readonly Task _up;
    private readonly Task _down;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _frozen = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _letGo = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();

    /// <summary>Requests that the server has and has not answered. The lock's, as is all below.</summary>
    private int _owed;
    private bool _isShut;
    private TaskCompletionSource? _drained;

    /// <summary>The down pump's own.</summary>
    private readonly List<byte[]> _held = [];

    /// <summary>The up pump's own: what is to arrive behind the next request of the same file.</summary>
    private byte[]? _swapped;

    /// <summary>One at a time writes to the client, and says whether it hears.</summary>
    private readonly SemaphoreSlim _saying = new(1);
    private bool _isDeaf;

    /// <param name="shell">What goes wrong with the commands of the worker; null: it runs none.</param>
    public SftpWire(SftpServerProcess server, WireScript script, ShellScript? shell = null)
    {
        (_server, _script) = (server, script);
        _shell = shell is null ? null : new LocalShell(shell, Clock);
        Waits = shell?.Fault == ShellFault.Hangs;
        Transport = new TransportStream(new DuplexStream(_toClient.Reader.AsStream(), _toServer.Writer.AsStream(), () => _ended.TrySetResult()), () => "")
        {
            StartCommand = _shell is null ? null : _shell.StartAsync,
        };
        _up = Task.Run(PumpUpAsync);
        _down = Task.Run(PumpDownAsync);
    }

    /// <summary>The client's end.</summary>
    public TransportStream Transport { get; }

    public FakeTimeProvider Clock { get; init; } = new();

    /// <summary>Whether a command is to run into its deadline, and the connection is not.</summary>
    public bool Waits { get; }

    /// <summary>Ends when a freeze has begun and the server has nothing more to do.</summary>
    public async Task FrozenAsync()
    {
        await _frozen.Task;
        await DrainedAsync();
    }

    /// <summary>What a freeze holds back goes to the server now, and all that comes after it.</summary>
    public void LetGo() => _letGo.TrySetResult();

    /// <summary>Ends when the client has given its end up and the server has carried out all that it got; then the server is no more.</summary>
    public async Task EndedAsync()
    {
        await _ended.Task;
        LetGo();
        await _up;
        await DrainedAsync();
        await (_shell?.EndedAsync() ?? Task.CompletedTask);
        _server.Dispose();
        await _down;
    }

    public void Dispose()
    {
        _ended.TrySetResult();
        _letGo.TrySetResult();
        _shell?.End();
        _server.Dispose();
    }

    private static PipeOptions Unbounded { get; } = new(pauseWriterThreshold: 0, useSynchronizationContext: false);

    private async Task PumpUpAsync()
    {
        try
        {
            while (await WirePackets.ReadAsync(_toServer.Reader) is { Count: > 0 } batch)
            {
                await ForwardAsync(batch);
            }
        }
        catch (IOException)
        {
            // The server has gone; the down pump tells the client.
        }
    }

    private async Task ForwardAsync(List<byte[]> batch)
    {
        var ready = new List<byte[]>();
        foreach (var packet in batch.TakeWhile(_ => !_isShut))
        {
            var fault = _script.NextRequest(packet);
            if (fault == WireFault.SwapRequests)
            {
                _swapped = packet;
                continue;
            }
            if (fault is WireFault.None or WireFault.CutAfterRequest)
            {
                ready.Add(packet);
            }
            if (fault == WireFault.None)
            {
                if (_swapped is { } first && WireScript.Handle(first) == WireScript.Handle(packet))
                {
                    ready.Add(first);
                    _swapped = null;
                }
                continue;
            }
            if (fault == WireFault.PretendDone)
            {
                // In its place and under its id the server is asked for something that changes nothing.
                ready.Add(WireScript.Harmless(packet));
                continue;
            }
            await GiveAsync(ready);
            ready.Clear();
            switch (fault)
            {
                case WireFault.StallAtRequest:
                    Shut();
                    _ = PassTimeAsync();
                    break;
                case WireFault.Freeze:
                    _frozen.TrySetResult();
                    await _letGo.Task;
                    ready.Add(packet);
                    break;
                default:
                    await CutAsync(fault == WireFault.CutInRequest ? packet[..(packet.Length / 2)] : []);
                    break;
            }
        }
        await GiveAsync(ready);
    }

    private async Task GiveAsync(List<byte[]> packets)
    {
        if (packets.Count == 0)
        {
            return;
        }
        lock (_gate)
        {
            _owed += packets.Count;
        }
        await _server.Stream.WriteAsync(packets.SelectMany(packet => packet).ToArray());
        await _server.Stream.FlushAsync();
    }

    private void Shut()
    {
        lock (_gate)
        {
            _isShut = true;
        }
    }

    /// <summary>The client hears no more; the server gets the part of a packet once it has carried out the whole ones.</summary>
    private async Task CutAsync(byte[] part)
    {
        Shut();
        await EndClientAsync([]);
        await DrainedAsync();
        if (part.Length > 0)
        {
            await _server.Stream.WriteAsync(part);
            await _server.Stream.FlushAsync();
        }
    }

    private async Task PumpDownAsync()
    {
        var input = PipeReader.Create(_server.Stream, new StreamPipeReaderOptions(leaveOpen: true));
        try
        {
            while (await WirePackets.ReadAsync(input) is { Count: > 0 } batch)
            {
                foreach (var reply in batch)
                {
                    await AnswerAsync(reply);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The server was ended.
        }
        await EndClientAsync([]);
        lock (_gate)
        {
            _owed = 0;
        }
        Drain();
    }

    private async Task AnswerAsync(byte[] reply)
    {
        var isLast = Answered();
        switch (_script.NextReply(reply))
        {
            case WireFault.CutBeforeReply:
                await EndClientAsync([]);
                break;
            case WireFault.CutInReply:
                await EndClientAsync(reply[..(reply.Length / 2)]);
                break;
            case WireFault.CutAfterReply:
                await EndClientAsync(reply);
                break;
            case WireFault.StallAtReply:
                await _saying.WaitAsync();
                _isDeaf = true;
                _saying.Release();
                _ = PassTimeAsync();
                break;
            case WireFault.DropReply:
                _ = PassTimeAsync();
                break;
            case WireFault.DelayReply or WireFault.ReverseReplies:
                _held.Add(reply);
                break;
            case WireFault.RepeatReply:
                await SayAsync([.. reply, .. reply]);
                break;
            case WireFault.ForeignId:
                await SayAsync(WireScript.WithForeignId(reply));
                break;
            case WireFault.DenyDone:
                await SayAsync(WireScript.WithStatus(reply, SftpStatus.Failure));
                break;
            case WireFault.ClaimDone:
                await SayAsync(WireScript.WithStatus(reply, SftpStatus.Ok));
                break;
            case WireFault.PretendDone:
                await PassAsync(WireScript.Done(reply));
                break;
            default:
                await PassAsync(reply);
                break;
        }
        await ReleaseAsync(isLast);
        Drain();
    }

    /// <summary>A held reply is let go in its time: what stands first in the list is what was held first.</summary>
    private async Task PassAsync(byte[] reply)
    {
        if (_held.Count == 0)
        {
            await SayAsync(reply);
            return;
        }
        _held.Add(reply);
        if (_script.Fault == WireFault.DelayReply)
        {
            await SayAsync(reply);
        }
    }

    private async Task ReleaseAsync(bool isLast)
    {
        var most = _script.Fault == WireFault.DelayReply ? LaterReplies + 1 : ReversedReplies;
        if (_held.Count == 0 || (!isLast && _held.Count < most))
        {
            return;
        }
        if (_script.Fault == WireFault.DelayReply)
        {
            await SayAsync(_held[0]);
        }
        else
        {
            _held.Reverse();
            await SayAsync([.. _held.SelectMany(bytes => bytes)]);
        }
        _held.Clear();
    }

    /// <summary>The last that the client hears.</summary>
    private async Task EndClientAsync(byte[] last)
    {
        await _saying.WaitAsync();
        try
        {
            if (!_isDeaf)
            {
                _isDeaf = true;
                _shell?.End();
                await _toClient.Writer.WriteAsync(last);
                await _toClient.Writer.CompleteAsync();
            }
        }
        finally
        {
            _saying.Release();
        }
    }

    private async Task SayAsync(byte[] bytes)
    {
        await _saying.WaitAsync();
        try
        {
            if (!_isDeaf)
            {
                await _toClient.Writer.WriteAsync(bytes);
            }
        }
        finally
        {
            _saying.Release();
        }
    }

    /// <summary>Whether the server owes nothing more.</summary>
    private bool Answered()
    {
        lock (_gate)
        {
            return --_owed == 0;
        }
    }

    private void Drain()
    {
        lock (_gate)
        {
            if (_owed == 0)
            {
                _drained?.TrySetResult();
                _drained = null;
            }
        }
    }

    private Task DrainedAsync()
    {
        lock (_gate)
        {
            if (_owed == 0)
            {
                return Task.CompletedTask;
            }
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    /// <summary>The client's clock goes ten seconds a tick until it gives up; as long as replies come its deadline moves with them.</summary>
    private async Task PassTimeAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (!_ended.Task.IsCompleted && await timer.WaitForNextTickAsync())
        {
            Clock.Advance(TimeSpan.FromSeconds(10));
        }
    }
}
