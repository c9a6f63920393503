using System.Buffers.Binary;

namespace DepSync.Tests.Support;

/// <summary>The first packets of an SFTP session, written by hand: enough to see that bytes go both ways.</summary>
internal static class SftpHandshake
{
    /// <summary>Sends INIT and returns the version that the server answers with.</summary>
    public static async Task<int> RunAsync(Stream stream)
    {
        await stream.WriteAsync(new byte[] { 0, 0, 0, 5, 1, 0, 0, 0, 3 });
        var packet = await ReadPacketAsync(stream);
        Assert.Equal(2, packet[0]);
        return BinaryPrimitives.ReadInt32BigEndian(packet.AsSpan(1));
    }

    /// <summary>A REALPATH request of <c>.</c>, padded with <c>/.</c> to the wanted path length.</summary>
    public static byte[] RealPath(int id, int length)
    {
        var packet = new byte[4 + 1 + 4 + 4 + length];
        BinaryPrimitives.WriteInt32BigEndian(packet, packet.Length - 4);
        packet[4] = 16;
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(5), id);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(9), length);
        for (var i = 0; i < length; i++)
        {
            packet[13 + i] = (byte)(i % 2 == 0 ? '.' : '/');
        }
        return packet;
    }

    /// <summary>The next packet without its length.</summary>
    public static async Task<byte[]> ReadPacketAsync(Stream stream)
    {
        var length = new byte[4];
        await stream.ReadExactlyAsync(length);
        var packet = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        await stream.ReadExactlyAsync(packet);
        return packet;
    }
}
