using System.Text;
using DepSync.Sftp;
using DepSync.Tests.Support;

namespace DepSync.Tests.Sftp;

/// <summary>A server that breaks the protocol is believed nothing: the session ends, for every call.</summary>
public sealed class SftpHostileServerTests : IDisposable
{
    private readonly HostileSftpServer _server = new();

    public void Dispose() => _server.Dispose();

    private static SftpLostException AssertViolation(SftpLostException lost)
    {
        Assert.True(lost.Loss == SftpLoss.Protocol, lost.ToString());
        return lost;
    }

    /// <summary>The call fails with a violation, and so does every one after it; the stream was given up.</summary>
    private async Task<string> BreaksAsync(Func<SftpClient, Task> call, SftpOptions? options = null)
    {
        using var client = await _server.ConnectAsync(options);
        var lost = AssertViolation(await Assert.ThrowsAsync<SftpLostException>(() => call(client)));
        AssertViolation(await Assert.ThrowsAsync<SftpLostException>(async () => await client.RemoveAsync("x"u8, default)));
        await _server.Ended.WaitAsync(TimeSpan.FromSeconds(30));
        return lost.Message;
    }

    private static async Task ListAsync(SftpClient client) => await client.ListAsync("handle"u8.ToArray(), 0, default);

    private static async Task StatAsync(SftpClient client) => await client.LstatAsync("x"u8, default);

    // Names (and the same below for lists)

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("../../x")]
    [InlineData("a\0")]
    public async Task A_listing_with_a_name_that_is_none(string name)
    {
        _server.Answer = request => SftpPacket.Names(request.Id, "good"u8.ToArray(), Encoding.UTF8.GetBytes(name));
        await BreaksAsync(ListAsync);
    }

    [Fact]
    public async Task A_listing_with_a_name_of_256_bytes()
    {
        _server.Answer = request => SftpPacket.Names(request.Id, new byte[256].Select(_ => (byte)'n').ToArray());
        await BreaksAsync(ListAsync);
    }

    [Fact]
    public async Task A_listing_with_a_name_that_stands_twice()
    {
        _server.Answer = request => SftpPacket.Names(request.Id, "same"u8.ToArray(), "other"u8.ToArray(), "same"u8.ToArray());
        Assert.Contains("\"same\" twice", await BreaksAsync(ListAsync));
    }

    [Fact]
    public async Task A_listing_that_repeats_itself_in_the_next_reply()
    {
        _server.Answer = request => SftpPacket.Names(request.Id, "same"u8.ToArray());
        await BreaksAsync(ListAsync);
    }

    // Listings without end

    [Fact]
    public async Task A_listing_without_end()
    {
        var next = 0;
        _server.Answer = request => SftpPacket.Names(request.Id, [.. Enumerable.Range(0, 100).Select(_ => Encoding.UTF8.GetBytes($"{next++}"))]);
        Assert.Contains("more than 10000 entries", await BreaksAsync(ListAsync, new SftpOptions { MaxDirectoryEntries = 10_000 }));
        // And what was on its way.
        Assert.InRange(_server.Received.Count, 100, 100 + 64);
    }

    [Fact]
    public async Task A_listing_that_goes_on_without_entries()
    {
        _server.Answer = request => SftpPacket.Names(request.Id);
        await BreaksAsync(ListAsync);
        Assert.InRange(_server.Received.Count, 4, 8);
    }

    [Fact]
    public async Task Three_replies_without_entries_are_borne()
    {
        var reads = 0;
        _server.Answer = request => request.Type != SftpPacketType.ReadDirectory ? SftpPacket.Status(request.Id, 0)
            : ++reads is <= 3 or 5 or 6 ? SftpPacket.Names(request.Id)
            : reads == 4 ? SftpPacket.Names(request.Id, "."u8.ToArray(), "file"u8.ToArray(), ".."u8.ToArray())
            : SftpPacket.Status(request.Id, 1);
        using var client = await _server.ConnectAsync();
        Assert.Equal("file"u8.ToArray(), Assert.Single(await client.ListAsync("handle"u8.ToArray(), 0, default)).Name);
    }

    [Theory]
    [InlineData(uint.MaxValue)]
    [InlineData(1_000_000u)]
    public async Task A_listing_that_claims_more_entries_than_its_packet_holds(uint count)
    {
        _server.Answer = request => SftpPacket.Of(104, request.Id, count, "a", "l", 0u);
        await BreaksAsync(ListAsync);
    }

    [Theory]
    [InlineData(uint.MaxValue)]
    [InlineData(100u)]
    public async Task A_string_that_claims_more_than_its_packet_holds(uint length)
    {
        _server.Answer = request => SftpPacket.Of(104, request.Id, 1u, length, new SftpPacket.Raw(new byte[30]));
        await BreaksAsync(ListAsync);
    }

    // Packet lengths

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(4u)]
    [InlineData(262_145u)]
    [InlineData(0x80000000u)]
    [InlineData(uint.MaxValue)]
    public async Task A_packet_of_an_impossible_length(uint length)
    {
        _server.Answer = _ => SftpPacket.Fields(length, 0ul);
        Assert.Contains($"a packet of {length} bytes", await BreaksAsync(StatAsync));
    }

    [Fact]
    public async Task The_longest_packet_is_taken()
    {
        const int Header = 1 + 4 + 8 + 4 + 4;
        _server.Answer = request => SftpPacket.Of(104, request.Id, 1u, "/path", new string('l', 262_144 - Header - "/path".Length), 0u);
        using var client = await _server.ConnectAsync();
        Assert.Equal("/path"u8.ToArray(), await client.RealPathAsync("x"u8, default));
    }

    // Ids and types

    [Fact]
    public async Task A_reply_that_nobody_asked_for()
    {
        _server.Answer = request => SftpPacket.Status(request.Id + 1, 0);
        Assert.Contains("not pending", await BreaksAsync(StatAsync));
    }

    [Fact]
    public async Task A_reply_that_comes_twice()
    {
        _server.Answer = request => [.. SftpPacket.Attributes(request.Id, 0x81a4), .. SftpPacket.Attributes(request.Id, 0x81a4)];
        using var client = await _server.ConnectAsync();
        Assert.Equal(0x81a4u, (await client.LstatAsync("x"u8, default))!.Value.Permissions);
        AssertViolation(await Assert.ThrowsAsync<SftpLostException>(async () =>
        {
            await client.LstatAsync("x"u8, default);
            await client.LstatAsync("x"u8, default);
        }));
    }

    [Fact]
    public async Task A_reply_before_anything_was_asked()
    {
        _server.Greeting = [.. SftpPacket.Version(3), .. SftpPacket.Status(0, 0)];
        _server.Answer = _ => [];
        await BreaksAsync(StatAsync);
    }

    [Fact]
    public async Task A_reply_of_the_wrong_type_fails_all_that_is_pending()
    {
        var requests = 0;
        _server.Answer = request => ++requests < 3 ? [] : SftpPacket.Handle(request.Id, "h");
        using var client = await _server.ConnectAsync();
        var calls = Enumerable.Range(0, 3).Select(_ => client.LstatAsync("x"u8, default).AsTask()).ToArray();
        foreach (var call in calls)
        {
            AssertViolation(await Assert.ThrowsAsync<SftpLostException>(() => call));
        }
    }

    [Fact]
    public async Task Ok_where_a_handle_was_due()
    {
        _server.Answer = request => SftpPacket.Status(request.Id, 0);
        await BreaksAsync(async client => await client.OpenAsync("x"u8, SftpOpenFlags.Read, default, default));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    public async Task Contents_that_are_empty_or_longer_than_asked(int length)
    {
        _server.Answer = request => SftpPacket.Contents(request.Id, new byte[length]);
        var buffer = new byte[10];
        await BreaksAsync(async client => await client.ReadAsync("h"u8.ToArray(), 0, buffer, default));
    }

    [Fact]
    public async Task Replies_out_of_order_are_matched_by_id()
    {
        var requests = new List<uint>();
        _server.Answer = request =>
        {
            requests.Add(request.Id);
            return requests.Count < 10 ? [] : [.. Enumerable.Reverse(requests).SelectMany((id, i) => SftpPacket.Attributes(id, (uint)i))];
        };
        using var client = await _server.ConnectAsync();
        var calls = Enumerable.Range(0, 10).Select(_ => client.LstatAsync("x"u8, default).AsTask()).ToArray();
        var answers = await Task.WhenAll(calls);
        Assert.Equal(Enumerable.Range(0, 10).Reverse(), answers.Select(answer => (int)answer!.Value.Permissions!));
    }

    // The greeting

    [Theory]
    [InlineData(2u)]
    [InlineData(4u)]
    [InlineData(0u)]
    public async Task Another_version(uint version)
    {
        _server.Greeting = SftpPacket.Version(version);
        AssertViolation(await Assert.ThrowsAsync<SftpLostException>(() => _server.ConnectAsync()));
        await _server.Ended.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_greeting_that_is_none()
    {
        _server.Greeting = SftpPacket.Status(3, 0);
        AssertViolation(await Assert.ThrowsAsync<SftpLostException>(() => _server.ConnectAsync()));
    }

    [Fact]
    public async Task A_greeting_with_a_list_that_is_cut_off()
    {
        _server.Greeting = SftpPacket.Version(3, "posix-rename@openssh.com");
        AssertViolation(await Assert.ThrowsAsync<SftpLostException>(() => _server.ConnectAsync()));
    }

    [Theory]
    [InlineData("This service allows sftp connections only.\r\n", "This service allows sftp connections only.\\r\\n")]
    [InlineData("\u001b[1mWelcome\u001b[0m\n", "\\x1b[1mWelcome\\x1b[0m\\n")]
    public async Task Text_in_front_of_the_greeting_is_shown_and_never_skipped(string text, string shown)
    {
        _server.Greeting = [.. Encoding.UTF8.GetBytes(text), .. SftpPacket.Version(3)];
        var lost = AssertViolation(await Assert.ThrowsAsync<SftpLostException>(() => _server.ConnectAsync()));
        Assert.Contains("the server sent text: \"" + shown, lost.Message);
        Assert.DoesNotContain(lost.Message, char.IsControl);
    }

    [Fact]
    public async Task Limits_and_space_that_are_cut_off()
    {
        _server.Greeting = SftpPacket.Version(3, "limits@openssh.com", "1", "statvfs@openssh.com", "2");
        _server.Answer = request => SftpPacket.ExtendedReply(request.Id, 1ul);
        await BreaksAsync(async client => await client.LearnLimitsAsync(default));
    }

    [Fact]
    public async Task Limits_that_are_refused_leave_the_least()
    {
        _server.Greeting = SftpPacket.Version(3, "limits@openssh.com", "1");
        using var client = await _server.ConnectAsync();
        await client.LearnLimitsAsync(default);
        Assert.Equal(SftpLimits.Default, client.Limits);
    }

    // Floods

    [Fact]
    public async Task A_flood_of_bytes()
    {
        _server.Answer = _ => new byte[10_000_000];
        await BreaksAsync(StatAsync);
    }

    [Fact]
    public async Task A_flood_of_replies()
    {
        _server.Answer = request => [.. SftpPacket.Status(request.Id, 2), .. Enumerable.Range(0, 100_000).SelectMany(i => SftpPacket.Status((uint)(i + 1000), 0))];
        using var client = await _server.ConnectAsync();
        Assert.Null(await client.LstatAsync("x"u8, default));
        await _server.Ended.WaitAsync(TimeSpan.FromSeconds(30));
        AssertViolation(await Assert.ThrowsAsync<SftpLostException>(() => StatAsync(client)));
    }
}
