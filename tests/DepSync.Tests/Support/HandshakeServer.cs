using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Renci.SshNet;
using Renci.SshNet.Security;

namespace DepSync.Tests.Support;

/// <summary>
/// The server's part of one key exchange (RFC 4253 and 5656) on 127.0.0.1, with any host key blob: sshd itself refuses to start with a certificate that was altered. It
/// closes the connection when the client has seen its key and its signature, and answers as many clients as come.
/// </summary>
internal sealed class HandshakeServer : IDisposable
{
    private const byte KeyExchangeInit = 20;
    private const byte KeyExchangeReply = 31;
    private const string Version = "SSH-2.0-handshake";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly byte[] _hostKey;
    private readonly KeyHostAlgorithm _signer;
    private readonly string _algorithm;

    /// <param name="hostKey">What is shown: the bytes of a key or of a certificate.</param>
    /// <param name="privateKey">The file of the ed25519 key that signs the exchange.</param>
    public HandshakeServer(byte[] hostKey, string privateKey)
    {
        _hostKey = hostKey;
        _algorithm = Encoding.ASCII.GetString(hostKey, 4, BinaryPrimitives.ReadInt32BigEndian(hostKey));
        _signer = new KeyHostAlgorithm("ssh-ed25519", new PrivateKeyFile(privateKey).Key);
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                await ServeAsync(client.GetStream());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
        {
            // Disposed, or the client has seen enough.
        }
    }

    private async Task ServeAsync(NetworkStream stream)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Version + "\r\n"));
        var client = await ReadLineAsync(stream);
        byte[] offer = [KeyExchangeInit, .. new byte[16], .. Names("ecdh-sha2-nistp256"), .. Names(_algorithm), .. TwoOf("aes128-ctr"), .. TwoOf("hmac-sha2-256"), .. TwoOf("none"), .. TwoOf(""), 0, 0, 0, 0, 0];
        await SendAsync(stream, offer);
        var wanted = await ReceiveAsync(stream);
        // byte SSH_MSG_KEX_ECDH_INIT, string Q_C
        var theirs = (await ReceiveAsync(stream))[5..];
        using var exchange = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var point = exchange.PublicKey.ExportParameters().Q;
        byte[] ours = [4, .. point.X!, .. point.Y!];
        using var peer = ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = theirs[1..33], Y = theirs[33..65] } });
        var secret = exchange.DeriveRawSecretAgreement(peer.PublicKey);
        var hash = SHA256.HashData([
            .. Bytes(Encoding.ASCII.GetBytes(client)), .. Bytes(Encoding.ASCII.GetBytes(Version)), .. Bytes(wanted), .. Bytes(offer), .. Bytes(_hostKey), .. Bytes(theirs), .. Bytes(ours), .. Number(secret)]);
        await SendAsync(stream, [KeyExchangeReply, .. Bytes(_hostKey), .. Bytes(ours), .. Bytes(_signer.Sign(hash))]);
        // Until the client says that it goes on, or why it does not.
        await ReceiveAsync(stream);
    }

    private static async Task<string> ReadLineAsync(NetworkStream stream)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        do
        {
            await stream.ReadExactlyAsync(one);
            line.Append((char)one[0]);
        }
        while (one[0] != '\n');
        return line.ToString().TrimEnd('\r', '\n');
    }

    private static async Task SendAsync(NetworkStream stream, byte[] payload)
    {
        // Length, padding length, payload and padding: together a multiple of 8, the padding at least 4.
        var padding = 8 - ((5 + payload.Length) % 8);
        padding = padding < 4 ? padding + 8 : padding;
        await stream.WriteAsync((byte[])[.. Length(1 + payload.Length + padding), (byte)padding, .. payload, .. new byte[padding]]);
    }

    private static async Task<byte[]> ReceiveAsync(NetworkStream stream)
    {
        var head = new byte[5];
        await stream.ReadExactlyAsync(head);
        var rest = new byte[BinaryPrimitives.ReadInt32BigEndian(head) - 1];
        await stream.ReadExactlyAsync(rest);
        return rest[..^head[4]];
    }

    private static byte[] TwoOf(string name) => [.. Names(name), .. Names(name)];

    private static byte[] Names(string names) => Bytes(Encoding.ASCII.GetBytes(names));

    private static byte[] Number(byte[] value) => value.AsSpan().TrimStart((byte)0).ToArray() is var digits && digits[0] >= 0x80 ? Bytes([0, .. digits]) : Bytes(digits);

    private static byte[] Bytes(byte[] value) => [.. Length(value.Length), .. value];

    private static byte[] Length(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
