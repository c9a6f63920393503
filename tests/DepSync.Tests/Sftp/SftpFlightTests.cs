using DepSync.Sftp;
using DepSync.Tests.Support;

namespace DepSync.Tests.Sftp;

/// <summary>Requests that are sent and waited for as one: a file is ended by them, and none of its answers may be overlooked.</summary>
public sealed class SftpFlightTests : IDisposable
{
    private const uint Denied = 3;
    private const uint Failure = 4;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);
    private static readonly byte[] Handle = "h"u8.ToArray();

    private static readonly SftpFinish Whole = new(0, "hello"u8.ToArray())
    {
        Owner = new SftpAttributes(Owner: new SftpOwner(1, 2)),
        Attributes = new SftpAttributes(Permissions: 0x1A4),
        Fsync = 5,
    };

    private readonly HostileSftpServer _server = new();

    public void Dispose() => _server.Dispose();

    private static byte[] Done(ReceivedRequest request) =>
        request.Type == SftpPacketType.Fstat ? SftpPacket.Attributes(request.Id, 0x81A4) : SftpPacket.Status(request.Id, 0);

    [Fact]
    public async Task Its_requests_go_out_in_order_and_the_look_is_the_result()
    {
        _server.Answer = Done;
        using var client = await _server.ConnectAsync();
        var left = await client.FinishAsync(Handle, Whole).AsTask().WaitAsync(Soon);
        Assert.Equal(0x81A4u, left.Permissions);
        Assert.Equal(
            [SftpPacketType.Write, SftpPacketType.Fsetstat, SftpPacketType.Fsetstat, SftpPacketType.Fstat, SftpPacketType.Extended, SftpPacketType.Close],
            _server.Received.Select(request => request.Type));
    }

    [Fact]
    public async Task What_is_longer_than_a_write_goes_out_in_several()
    {
        _server.Answer = Done;
        using var client = await _server.ConnectAsync();
        var data = new byte[(3 * client.Limits.MaxWrite) + 1];
        new Random(1).NextBytes(data);
        await client.FinishAsync(Handle, new SftpFinish(7, data)).AsTask().WaitAsync(Soon);
        var writes = _server.Received.Where(request => request.Type == SftpPacketType.Write).ToList();
        // Handle, offset and length come first.
        const int Header = 5 + 8 + 4;
        Assert.Equal(data, writes.SelectMany(write => write.Body[Header..]).ToArray());
        Assert.Equal(4, writes.Count);
    }

    [Theory]
    [InlineData((int)SftpPacketType.Write)]
    [InlineData((int)SftpPacketType.Fstat)]
    [InlineData((int)SftpPacketType.Extended)]
    [InlineData((int)SftpPacketType.Close)]
    public async Task Each_of_its_requests_may_fail_it(int refused)
    {
        _server.Answer = request => (int)request.Type == refused ? SftpPacket.Status(request.Id, Denied) : Done(request);
        using var client = await _server.ConnectAsync();
        var thrown = await Assert.ThrowsAsync<SftpException>(() => client.FinishAsync(Handle, Whole).AsTask().WaitAsync(Soon));
        Assert.Equal(SftpStatus.PermissionDenied, thrown.Status);
    }

    [Fact]
    public async Task An_owner_that_is_refused_is_no_failure_and_attributes_are()
    {
        var refused = 1;
        var sets = 0;
        _server.Answer = request => request.Type == SftpPacketType.Fsetstat && ++sets == refused ? SftpPacket.Status(request.Id, Denied) : Done(request);
        using var client = await _server.ConnectAsync();
        await client.FinishAsync(Handle, Whole).AsTask().WaitAsync(Soon);
        (refused, sets) = (2, 0);
        await Assert.ThrowsAsync<SftpException>(() => client.FinishAsync(Handle, Whole).AsTask().WaitAsync(Soon));
    }

    [Fact]
    public async Task It_ends_when_all_are_answered_with_the_failure_of_the_earliest()
    {
        _server.Answer = _ => [];
        using var client = await _server.ConnectAsync();
        var finish = client.FinishAsync(Handle, Whole).AsTask();
        await _server.ReceivedAsync(6);
        var ids = _server.Received.Select(request => request.Id).ToList();
        await _server.SayAsync([.. SftpPacket.Status(ids[5], Failure, "close"), .. SftpPacket.Status(ids[4], 0), .. SftpPacket.Attributes(ids[3], 0), .. SftpPacket.Status(ids[2], 0), .. SftpPacket.Status(ids[1], 0)]);
        // Its answer shows that those before it were taken.
        var another = client.RemoveAsync("x"u8, default).AsTask();
        await _server.ReceivedAsync(7);
        await _server.SayAsync(SftpPacket.Status(_server.Received.Last().Id, 0));
        await another.WaitAsync(Soon);
        Assert.False(finish.IsCompleted);
        await _server.SayAsync(SftpPacket.Status(ids[0], Denied, "write"));
        var thrown = await Assert.ThrowsAsync<SftpException>(() => finish.WaitAsync(Soon));
        Assert.Equal((SftpStatus.PermissionDenied, "write"), (thrown.Status, thrown.Message));
    }

    [Fact]
    public async Task A_connection_that_ends_in_the_middle_of_it_fails_it()
    {
        _server.Answer = request => request.Type == SftpPacketType.Fstat ? null : Done(request);
        using var client = await _server.ConnectAsync();
        var lost = await Assert.ThrowsAsync<SftpLostException>(() => client.FinishAsync(Handle, Whole).AsTask().WaitAsync(Soon));
        Assert.Equal(SftpLoss.Closed, lost.Loss);
        await Assert.ThrowsAsync<SftpLostException>(() => client.FinishAsync(Handle, Whole).AsTask().WaitAsync(Soon));
    }

    [Fact]
    public async Task Many_at_once_and_one_after_the_other_get_their_own_answers()
    {
        _server.Answer = request => request.Type == SftpPacketType.Fstat ? SftpPacket.Attributes(request.Id, request.First[0]) : Done(request);
        using var client = await _server.ConnectAsync();
        for (var round = 0; round < 3; round++)
        {
            var flights = Enumerable.Range(0, 400).Select(i => client.FinishAsync([(byte)i], Whole).AsTask()).ToList();
            var left = await Task.WhenAll(flights).WaitAsync(Soon);
            Assert.Equal(Enumerable.Range(0, 400).Select(i => (uint?)(byte)i), left.Select(attributes => attributes.Permissions));
        }
    }
}
