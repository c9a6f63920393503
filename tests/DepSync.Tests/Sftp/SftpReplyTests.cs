using DepSync.Sftp;
using DepSync.Tests.Support;

namespace DepSync.Tests.Sftp;

/// <summary>What is an answer and what is a violation.</summary>
public sealed class SftpReplyTests
{
    private static SftpReply Decode(string expected, SftpPacketType type, byte[] body, int asked = 100)
    {
        var reader = new SftpPacketReader(body);
        return SftpReply.Decode(Enum.Parse<SftpExpected>(expected), type, ref reader, new byte[asked]);
    }

    [Theory]
    [InlineData("Status", SftpPacketType.Status)]
    [InlineData("Handle", SftpPacketType.Handle)]
    [InlineData("Contents", SftpPacketType.Contents)]
    [InlineData("Entries", SftpPacketType.Name)]
    [InlineData("OnePath", SftpPacketType.Name)]
    [InlineData("Attributes", SftpPacketType.Attributes)]
    [InlineData("Extended", SftpPacketType.ExtendedReply)]
    [InlineData("Version", SftpPacketType.Version)]
    public void Each_request_takes_its_own_type_of_reply_alone(string expected, object allowed)
    {
        foreach (var type in Enum.GetValues<SftpPacketType>())
        {
            if (type != SftpPacketType.Status && !type.Equals(allowed))
            {
                Assert.Throws<SftpProtocolException>(() => Decode(expected, type, SftpPacket.Fields(1u, "x", "y", 0u)));
            }
        }
    }

    [Theory]
    [InlineData("Handle")]
    [InlineData("Contents")]
    [InlineData("Entries")]
    [InlineData("OnePath")]
    [InlineData("Attributes")]
    [InlineData("Extended")]
    [InlineData("Version")]
    public void Ok_is_no_answer_where_something_was_asked_for(string expected)
    {
        Assert.Throws<SftpProtocolException>(() => Decode(expected, SftpPacketType.Status, SftpPacket.Fields(0u, "", "")));
        Assert.Equal(SftpStatus.Failure, Decode(expected, SftpPacketType.Status, SftpPacket.Fields(4u, "why", "")).Status);
    }

    [Fact]
    public void A_status_may_come_without_text_and_its_text_is_bounded()
    {
        Assert.Equal(SftpStatus.PermissionDenied, Decode("Status", SftpPacketType.Status, SftpPacket.Fields(3u)).Status);
        Assert.Equal(512, Decode("Status", SftpPacketType.Status, SftpPacket.Fields(4u, new string('x', 10_000), "")).Message!.Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(101)]
    public void Contents_are_at_least_one_byte_and_at_most_what_was_asked(int length) =>
        Assert.Throws<SftpProtocolException>(() => Decode("Contents", SftpPacketType.Contents, SftpPacket.Fields(new byte[length])));

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public void Contents_that_fit_are_taken(int length) =>
        Assert.Equal(length, Decode("Contents", SftpPacketType.Contents, SftpPacket.Fields(new byte[length])).Length);

    [Theory]
    [InlineData(0)]
    [InlineData(257)]
    public void A_handle_has_1_to_256_bytes(int length) =>
        Assert.Throws<SftpProtocolException>(() => Decode("Handle", SftpPacketType.Handle, SftpPacket.Fields(new byte[length])));

    public static TheoryData<string> BadNames => ["", "a/b", "/", "a\0b", "../../x", "/etc/passwd", new string('n', 256)];

    [Theory, MemberData(nameof(BadNames))]
    public void A_name_that_is_none_is_a_violation(string name) =>
        Assert.Throws<SftpProtocolException>(() => Decode("Entries", SftpPacketType.Name, SftpPacket.Fields(1u, name, "long", 0u)));

    [Fact]
    public void The_folder_itself_and_the_one_above_are_left_out()
    {
        var reply = Decode("Entries", SftpPacketType.Name, SftpPacket.Fields(4u, ".", "l", 0u, "a", "l", 0u, "..", "l", 0u, "...", "l", 0u));
        Assert.Equal(["a"u8.ToArray(), "..."u8.ToArray()], reply.Names!.Select(entry => entry.Name));
        Assert.Equal(4, reply.Sent);
    }

    [Theory]
    [InlineData(2u)]
    [InlineData(uint.MaxValue)]
    [InlineData(0x80000000u)]
    public void A_list_that_says_more_than_there_is_is_a_violation(uint count) =>
        Assert.Throws<SftpProtocolException>(() => Decode("Entries", SftpPacketType.Name, SftpPacket.Fields(count, "a", "l", 0u)));

    [Fact]
    public void A_string_longer_than_its_packet_is_a_violation() =>
        Assert.Throws<SftpProtocolException>(() => Decode("Entries", SftpPacketType.Name, SftpPacket.Fields(1u, 0x7fffffffu, new SftpPacket.Raw(new byte[20]))));

    [Theory]
    [InlineData(0u)]
    [InlineData(2u)]
    public void A_path_is_answered_with_one(uint count) =>
        Assert.Throws<SftpProtocolException>(() => Decode("OnePath", SftpPacketType.Name, SftpPacket.Fields(count, "/a", "l", 0u, "/b", "l", 0u)));

    [Theory]
    [InlineData("")]
    [InlineData("/a\0b")]
    public void A_path_that_is_none_is_a_violation(string path) =>
        Assert.Throws<SftpProtocolException>(() => Decode("OnePath", SftpPacketType.Name, SftpPacket.Fields(1u, path, "l", 0u)));

    [Fact]
    public void Any_bytes_decode_or_are_a_violation()
    {
        var random = new Random(17);
        for (var round = 0; round < 200_000; round++)
        {
            var body = new byte[random.Next(80)];
            random.NextBytes(body);
            // Small numbers where counts, flags and lengths stand get further into the packet.
            for (var i = 0; i < body.Length; i++)
            {
                body[i] = random.Next(3) == 0 ? body[i] : (byte)random.Next(5);
            }
            var expected = (SftpExpected)random.Next(8);
            var types = new[] { SftpPacketType.Status, SftpPacketType.Handle, SftpPacketType.Contents, SftpPacketType.Name, SftpPacketType.Attributes, SftpPacketType.ExtendedReply };
            try
            {
                var reader = new SftpPacketReader(body);
                SftpReply.Decode(expected, types[random.Next(types.Length)], ref reader, new byte[10]);
                SftpExtensions.Read(body);
            }
            catch (SftpProtocolException)
            {
                // What it may say to that, and nothing else.
            }
        }
    }
}
