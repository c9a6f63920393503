using System.Buffers.Binary;
using System.Text;

namespace DepSync.Tests.Support;

/// <summary>
/// Packets as a peer writes them, well-formed or not, made without the code under test. Fields: <c>byte</c>, <c>uint</c> and <c>ulong</c> as numbers,
/// strings and bytes as length and content, <see cref="Raw"/> as it is.
/// </summary>
internal static class SftpPacket
{
    public readonly record struct Raw(byte[] Bytes);

    public static byte[] Of(byte type, params object[] fields)
    {
        var body = Fields([type, .. fields]);
        return [.. Number((uint)body.Length), .. body];
    }

    public static byte[] Fields(params object[] fields) => [.. fields.SelectMany(Encode)];

    public static byte[] Version(uint version, params string[] extensions) => Of(2, [version, .. extensions]);

    public static byte[] Status(uint id, uint status, string message = "said so") => Of(101, id, status, message, "en");

    public static byte[] Handle(uint id, string handle) => Of(102, id, handle);

    public static byte[] Contents(uint id, byte[] contents) => Of(103, id, contents);

    /// <summary>Entries that are regular files.</summary>
    public static byte[] Names(uint id, params byte[][] names) =>
        Of(104, [id, (uint)names.Length, .. names.SelectMany(name => new object[] { name, "long name", 4u, 0x81a4u })]);

    public static byte[] Attributes(uint id, uint permissions) => Of(105, id, 4u, permissions);

    public static byte[] ExtendedReply(uint id, params object[] fields) => Of(201, [id, .. fields]);

    private static byte[] Encode(object field) => field switch
    {
        byte number => [number],
        uint number => Number(number),
        ulong number => [.. Number((uint)(number >> 32)), .. Number((uint)number)],
        string text => Encode(Encoding.UTF8.GetBytes(text)),
        byte[] bytes => [.. Number((uint)bytes.Length), .. bytes],
        Raw raw => raw.Bytes,
        _ => throw new ArgumentException($"no field: {field}"),
    };

    private static byte[] Number(uint value)
    {
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }
}
