using System.Text;
using DepSync.Sftp;
using DepSync.Tests.Support;

namespace DepSync.Tests.Sftp;

/// <summary>Both directions of the codec.</summary>
public sealed class SftpPacketTests
{
    [Fact]
    public void A_packet_is_its_length_its_type_its_id_and_its_fields()
    {
        var writer = new SftpPacketWriter().Start(SftpPacketType.Open).String("/a"u8).UInt32(0x102).UInt64(0x0102030405060708);
        writer.Finish(0);
        writer.SetId(7);
        Assert.Equal(SftpPacket.Of(3, 7u, "/a", 0x102u, 0x0102030405060708ul), writer.Bytes.ToArray());
    }

    [Fact]
    public void A_length_counts_the_payload_that_follows()
    {
        var writer = new SftpPacketWriter().Start(SftpPacketType.Write).String("h"u8).UInt64(0).UInt32(3);
        writer.Finish(3);
        writer.SetId(1);
        Assert.Equal(SftpPacket.Of(6, 1u, "h", 0ul, "abc")[..^3], writer.Bytes.ToArray());
    }

    [Fact]
    public void A_writer_starts_anew_after_a_packet_that_was_long()
    {
        var writer = new SftpPacketWriter().Start(SftpPacketType.Remove).String(new byte[10_000]);
        writer.Finish(0);
        Assert.Equal(10_013, writer.Bytes.Length);
        writer.StartInit().Finish(0);
        Assert.Equal(SftpPacket.Of(1, 3u), writer.Bytes.ToArray());
    }

    [Theory]
    [InlineData("/root", "", "/root")]
    [InlineData("/root", "a/b", "/root/a/b")]
    [InlineData("/", "a", "/a")]
    [InlineData("/", "", "/")]
    [InlineData("/root/", "a", "/root/a")]
    [InlineData("relative", "a", "relative/a")]
    public void A_path_is_a_folder_and_what_lies_below(string folder, string below, string expected)
    {
        var path = new SftpPath(Encoding.UTF8.GetBytes(folder), Encoding.UTF8.GetBytes(below));
        var writer = new SftpPacketWriter().Start(SftpPacketType.Remove).String(path);
        writer.Finish(0);
        writer.SetId(1);
        Assert.Equal(SftpPacket.Of(13, 1u, expected), writer.Bytes.ToArray());
    }

    public static TheoryData<byte[]> AttributeBlocks =>
    [
        SftpPacket.Fields(0u),
        SftpPacket.Fields(1u, ulong.MaxValue >> 1),
        SftpPacket.Fields(2u, 1u, uint.MaxValue),
        SftpPacket.Fields(4u, 0x81a4u),
        SftpPacket.Fields(8u, 1u, uint.MaxValue),
        SftpPacket.Fields(15u, 5ul, 1u, 2u, 3u, 4u, 5u),
    ];

    [Theory, MemberData(nameof(AttributeBlocks))]
    public void Attributes_come_out_as_they_went_in(byte[] block)
    {
        var reader = new SftpPacketReader(block);
        var attributes = SftpAttributes.Read(ref reader);
        Assert.Equal(0, reader.Remaining);
        var writer = new SftpPacketWriter().Start(SftpPacketType.Setstat).Attributes(attributes);
        Assert.Equal(block, writer.Bytes[9..].ToArray());
    }

    [Fact]
    public void Extended_attributes_are_passed_over()
    {
        var reader = new SftpPacketReader(SftpPacket.Fields(0x80000004u, 0x81a4u, 2u, "a", "b", "c", "d", 42u));
        Assert.Equal(0x81a4u, SftpAttributes.Read(ref reader).Permissions);
        Assert.Equal(42u, reader.UInt32());
    }

    public static TheoryData<byte[]> BadAttributeBlocks =>
    [
        SftpPacket.Fields(0x10u, 1u),
        SftpPacket.Fields(1u, ulong.MaxValue),
        SftpPacket.Fields(1u, 1u),
        SftpPacket.Fields(0x80000000u, uint.MaxValue, "a", "b"),
        SftpPacket.Fields(0x80000000u, 1u, "a"),
    ];

    [Theory, MemberData(nameof(BadAttributeBlocks))]
    public void Attributes_that_cannot_be_are_a_violation(byte[] block) => Assert.Throws<SftpProtocolException>(() =>
    {
        var reader = new SftpPacketReader(block);
        SftpAttributes.Read(ref reader);
    });

    [Theory]
    [InlineData(0ul, 0ul, 0ul, 0ul, 32_768, 32_768, 64)]
    [InlineData(262_144ul, 261_120ul, 261_120ul, 1019ul, 261_120, 261_120, 1019)]
    [InlineData(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, 261_120, 261_120, 1024)]
    [InlineData(100_000ul, 200_000ul, 50_000ul, 3ul, 98_976, 50_000, 3)]
    [InlineData(1ul, 1ul, 1ul, 1ul, 32_768, 32_768, 1)]
    public void Limits_are_clamped_to_what_is_sane(ulong packet, ulong read, ulong write, ulong handles, int maxRead, int maxWrite, int maxHandles) =>
        Assert.Equal(new SftpLimits(maxRead, maxWrite, maxHandles), SftpLimits.Read(SftpPacket.Fields(packet, read, write, handles)));

    [Theory]
    [InlineData(4096ul, 10ul, 0ul, 40_960ul, false)]
    [InlineData(0ul, 10ul, 1ul, 0ul, true)]
    [InlineData(ulong.MaxValue, ulong.MaxValue, 3ul, ulong.MaxValue, true)]
    public void Free_space_never_overflows(ulong unit, ulong free, ulong flags, ulong bytes, bool readOnly) =>
        Assert.Equal(
            new SftpSpace(bytes, 9, readOnly) { FilesystemId = 1 },
            SftpSpace.Read(SftpPacket.Fields(1ul, unit, 1ul, 1ul, free, 1ul, 1ul, 9ul, 1ul, flags, 255ul)));

    [Fact]
    public void Filesystem_that_counts_no_inodes_is_not_out_of_them() =>
        Assert.Equal(ulong.MaxValue, SftpSpace.Read(SftpPacket.Fields(1ul, 1ul, 1ul, 1ul, 1ul, 0ul, 0ul, 0ul, 1ul, 0ul, 255ul)).FreeInodes);

    [Fact]
    public void Extensions_count_in_the_version_that_is_spoken()
    {
        var extensions = SftpExtensions.Read(SftpPacket.Fields(
            3u, "posix-rename@openssh.com", "1", "statvfs@openssh.com", "1", "unknown", "x", "limits@openssh.com", "1", "posix-rename@openssh.com", "1"));
        Assert.True(extensions is { PosixRename: true, Limits: true, Statvfs: false, Fsync: false, Hardlink: false, Lsetstat: false, CopyRange: false, ExpandPath: false });
        Assert.Contains("unknown", extensions.Names);
    }

    [Fact]
    public void A_list_of_extensions_is_bounded()
    {
        var extensions = SftpExtensions.Read(SftpPacket.Fields([3u, .. Enumerable.Range(0, 1000).SelectMany(i => new object[] { $"x{i}", "1" }), new string('n', 5000), "1"]));
        Assert.True(extensions.Names.Count <= 64);
    }

    [Fact]
    public void A_quote_is_one_line_of_printable_characters()
    {
        Assert.Equal("\"a\\nb\\x1b[31m\\\"\\\\\\xff\"", SftpText.Quote([.. "a\nb\u001b[31m\"\\"u8, 0xff]));
        Assert.Equal($"\"{new string('x', 64)}...\"", SftpText.Quote([.. Enumerable.Repeat((byte)'x', 65)]));
    }
}
