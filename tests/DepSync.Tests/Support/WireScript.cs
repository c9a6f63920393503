using System.Buffers.Binary;
using System.Text;
using DepSync.Sftp;

namespace DepSync.Tests.Support;

/// <summary>What can happen to one packet of an SFTP connection.</summary>
internal enum WireFault
{
    None,

    /// <summary>The connection ends before, in the middle of, or behind a request. All that the server has whole by then it carries out; what it answers is lost.</summary>
    CutBeforeRequest,
    CutInRequest,
    CutAfterRequest,

    /// <summary>The connection ends before, in the middle of, or behind a reply. The server carries out all that was sent.</summary>
    CutBeforeReply,
    CutInReply,
    CutAfterReply,

    /// <summary>From this request on nothing reaches the server any more, and the connection stands.</summary>
    StallAtRequest,

    /// <summary>From this reply on nothing reaches the client any more; the server goes on.</summary>
    StallAtReply,

    /// <summary>As <see cref="StallAtRequest"/>, without any deadline: what is held arrives when it is let go.</summary>
    Freeze,

    DropReply,

    /// <summary>Comes after three later ones, or when no other is to come.</summary>
    DelayReply,

    /// <summary>It and those after it, as many as the server owes but no more than eight, come the other way round.</summary>
    ReverseReplies,
    RepeatReply,

    /// <summary>It bears an id that nobody waits for.</summary>
    ForeignId,

    /// <summary>A status OK says FAILURE.</summary>
    DenyDone,

    /// <summary>Any other status says OK.</summary>
    ClaimDone,

    /// <summary>The server does not carry the request out, and answers OK in its turn. Hits only what is answered by a status alone.</summary>
    PretendDone,

    /// <summary>The server carries out the next request of the same file first. Only for requests of which one is on its way behind each.</summary>
    SwapRequests,
}

/// <summary>
/// The one thing that goes wrong on a connection, and what went over it. Packets are counted from 1, requests and replies each on their own, and where <see cref="Of"/> is given only those. Safe
/// for concurrent use.
/// </summary>
internal sealed class WireScript(WireFault fault, int at)
{
    private const int LengthSize = 4;
    private const int IdOffset = 5;
    private const int StatusOffset = 9;

    /// <summary>REALPATH of the folder that the server stands in.</summary>
    private static readonly byte[] Where = [0, 0, 0, 10, (byte)SftpPacketType.RealPath, 0, 0, 0, 0, 0, 0, 0, 1, (byte)'.'];

    /// <summary>A status OK without words.</summary>
    private static readonly byte[] Ok = [0, 0, 0, 17, (byte)SftpPacketType.Status, 0, 0, 0, 0, 0, 0, 0, (byte)SftpStatus.Ok, 0, 0, 0, 0, 0, 0, 0, 0];

    private static readonly string[] Asking = ["Init", "Open", "Read", "Lstat", "Fstat", "OpenDirectory", "ReadDirectory", "RealPath", "Stat", "ReadLink"];
    private static readonly string[] AskingExtensions = ["limits@openssh.com", "statvfs@openssh.com", "expand-path@openssh.com"];

    private readonly Lock _lock = new();
    private readonly List<string> _requests = [];
    private readonly Dictionary<string, string> _paths = [];
    private readonly Dictionary<uint, string> _owed = [];
    private readonly List<(string Text, SftpStatus? Status)> _replies = [];
    private int _counted;
    private uint _pretended;

    public WireFault Fault { get; } = fault;

    public int At { get; } = at;

    /// <summary>The requests that count, or whose replies do, as <see cref="Requests"/> tells them; null: all. What goes on side by side comes in another order each time.</summary>
    public string? Of { get; init; }

    /// <summary>The request that it came to, or to whose reply.</summary>
    public string? Struck { get; private set; }

    /// <summary>Whether it came to that.</summary>
    public bool HasHit => Struck is not null;

    /// <summary>Runs just before it happens.</summary>
    public Action? Before { get; init; }

    public bool IsRequestFault => Fault is WireFault.CutBeforeRequest or WireFault.CutInRequest or WireFault.CutAfterRequest or WireFault.StallAtRequest or WireFault.Freeze
        or WireFault.PretendDone or WireFault.SwapRequests;

    /// <summary>What went to the server, each as type and path; where it names a handle, the path that this was opened for.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_lock)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>What came back, each with the request that it answers, and its status when it is one.</summary>
    public IReadOnlyList<(string Text, SftpStatus? Status)> Replies
    {
        get
        {
            lock (_lock)
            {
                return [.. _replies];
            }
        }
    }

    /// <summary>The fault of this request.</summary>
    public WireFault NextRequest(byte[] packet)
    {
        lock (_lock)
        {
            var text = Handle(packet) is { Length: > 0 } handle && _paths.TryGetValue(handle, out var path) ? $"{Tell(packet).TrimEnd()} {path}" : Tell(packet);
            _requests.Add(text);
            _owed[Id(packet)] = text;
            if (!IsRequestFault || !IsDue(text) || (Fault == WireFault.PretendDone && !IsAnsweredByStatus(text)))
            {
                return WireFault.None;
            }
            _pretended = Id(packet);
            Struck = text;
        }
        return Hit();
    }

    /// <summary>The fault of this reply; none where it cannot be: not every reply has a status to lie about.</summary>
    public WireFault NextReply(byte[] packet)
    {
        lock (_lock)
        {
            if (!_owed.Remove(Id(packet), out var request))
            {
                throw new InvalidOperationException("a reply to nothing");
            }
            _replies.Add((ReplyTo(request), Status(packet)));
            if ((SftpPacketType)packet[4] == SftpPacketType.Handle)
            {
                _paths[HandleAt(packet, IdOffset + sizeof(uint))] = request[(request.IndexOf(' ', StringComparison.Ordinal) + 1)..];
            }
            if (Fault == WireFault.PretendDone && HasHit && _pretended == Id(packet))
            {
                return Fault;
            }
            if (IsRequestFault || !IsDue(request) || !CanHappen(Fault, _replies[^1].Status))
            {
                return WireFault.None;
            }
            Struck = request;
        }
        return Hit();
    }

    public static bool CanHappen(WireFault fault, SftpStatus? status) => fault switch
    {
        WireFault.DenyDone or WireFault.PretendDone => status == SftpStatus.Ok,
        WireFault.ClaimDone => status is not null and not SftpStatus.Ok,
        _ => true,
    };

    /// <summary>What <see cref="Replies"/> calls the reply to a request.</summary>
    public static string ReplyTo(string request) => $"reply to {request}";

    public static byte[] WithStatus(byte[] packet, SftpStatus status)
    {
        byte[] changed = [.. packet];
        BinaryPrimitives.WriteUInt32BigEndian(changed.AsSpan(StatusOffset), (uint)status);
        return changed;
    }

    public static byte[] WithForeignId(byte[] packet)
    {
        byte[] changed = [.. packet];
        changed[5] ^= 0x40;
        return changed;
    }

    /// <summary>Whether the answer is a status, and so the request one to change something or to let go of a handle.</summary>
    public static bool IsAnsweredByStatus(string request) =>
        !Asking.Contains(request.Split(' ')[0]) && !(request.StartsWith("Extended ", StringComparison.Ordinal) && AskingExtensions.Contains(request.Split(' ')[1]));

    public static byte[] Harmless(byte[] request) => WithId(Where, request);

    public static byte[] Done(byte[] reply) => WithId(Ok, reply);

    /// <summary>The handle that a request is about, as text; empty for one about a path.</summary>
    public static string Handle(byte[] packet) => (SftpPacketType)packet[4] switch
    {
        SftpPacketType.Write or SftpPacketType.Fsetstat or SftpPacketType.Fstat or SftpPacketType.Close or SftpPacketType.Read => HandleAt(packet, StatusOffset),
        SftpPacketType.Extended when BinaryPrimitives.ReadInt32BigEndian(packet.AsSpan(StatusOffset)) is var name
            && packet.AsSpan(StatusOffset + LengthSize, name).SequenceEqual("fsync@openssh.com"u8) => HandleAt(packet, StatusOffset + LengthSize + name),
        _ => "",
    };

    private static string HandleAt(byte[] packet, int offset) =>
        Convert.ToHexString(packet, offset + LengthSize, BinaryPrimitives.ReadInt32BigEndian(packet.AsSpan(offset)));

    private static byte[] WithId(byte[] packet, byte[] other)
    {
        byte[] made = [.. packet];
        other.AsSpan(IdOffset, sizeof(uint)).CopyTo(made.AsSpan(IdOffset));
        return made;
    }

    /// <summary>Whether this packet is the one. The lock's.</summary>
    private bool IsDue(string request) => (Of is null || request == Of) && ++_counted == At;

    private WireFault Hit()
    {
        Before?.Invoke();
        return Fault;
    }

    private static uint Id(byte[] packet) => (SftpPacketType)packet[4] is SftpPacketType.Init or SftpPacketType.Version ? 0 : BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(IdOffset));

    private static SftpStatus? Status(byte[] packet) =>
        (SftpPacketType)packet[4] == SftpPacketType.Status ? (SftpStatus)BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(StatusOffset)) : null;

    /// <summary>Handles are bytes: what is no text of a path is left out.</summary>
    private static string Tell(byte[] packet)
    {
        var type = (SftpPacketType)packet[4];
        if (packet.Length < 13)
        {
            return $"{type}";
        }
        var texts = new List<string>();
        for (var rest = packet.AsSpan(9); rest.Length >= 4 && texts.Count < 3;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(rest);
            if (length <= 4 || length > rest.Length - 4)
            {
                break;
            }
            texts.Add(Encoding.UTF8.GetString(rest.Slice(4, length)));
            rest = rest[(4 + length)..];
            if (type is SftpPacketType.Write or SftpPacketType.Open)
            {
                break;
            }
        }
        return $"{type} {string.Join(' ', texts)}";
    }
}
