using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;

namespace DepSync.Tests.Support;

/// <summary>Cuts a stream of SFTP into its packets, each with its length in front.</summary>
internal static class WirePackets
{
    private const int LengthSize = 4;

    /// <summary>All packets that are there, one at least; empty at the end.</summary>
    public static async Task<List<byte[]>> ReadAsync(PipeReader input)
    {
        while (true)
        {
            var read = await input.ReadAsync();
            var rest = read.Buffer;
            var packets = new List<byte[]>();
            while (TryTake(ref rest, out var packet))
            {
                packets.Add(packet);
            }
            input.AdvanceTo(rest.Start, rest.End);
            if (packets.Count > 0 || read.IsCompleted)
            {
                return packets;
            }
        }
    }

    private static bool TryTake(ref ReadOnlySequence<byte> bytes, out byte[] packet)
    {
        packet = [];
        if (bytes.Length < LengthSize)
        {
            return false;
        }
        Span<byte> head = stackalloc byte[LengthSize];
        bytes.Slice(0, LengthSize).CopyTo(head);
        var length = LengthSize + BinaryPrimitives.ReadUInt32BigEndian(head);
        if (bytes.Length < length)
        {
            return false;
        }
        packet = bytes.Slice(0, length).ToArray();
        bytes = bytes.Slice(length);
        return true;
    }
}
