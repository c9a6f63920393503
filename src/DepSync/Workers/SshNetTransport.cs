using System.Net.Sockets;
using System.Runtime.CompilerServices;
using DepSync.Config;
using DepSync.Model;
using DepSync.Platform;
using Renci.SshNet;
using Renci.SshNet.Common;
using Renci.SshNet.Messages;
using Renci.SshNet.Messages.Transport;
using Renci.SshNet.Security;

namespace DepSync.Workers;

/// <summary>Where a connection goes and what it may take: the address as it is dialled, and how the host key is checked.</summary>
internal sealed record SshNetTarget(HostKeyOwner Owner, IReadOnlyList<string> HostKeyAlgorithms, JudgeHostKey Judge);

/// <summary>What is to be done with a key that a host showed, alone or in a certificate.</summary>
internal delegate HostKeyVerdict JudgeHostKey(HostKey key, HostCertificate? certificate);

/// <summary>
/// <c>ssh.client: builtin</c>: SSH.NET does key exchange, login and encryption; the <c>sftp</c> subsystem is a <see cref="SshNetChannel"/> on top, a command another one. The only file that
/// reaches into SSH.NET (see <see cref="Seam"/>). One use. <c>connect_timeout</c> covers everything up to the open subsystem; the connect has a thread of its own, because
/// SSH.NET blocks (50 connects on the pool's threads take 6.7 s, on their own 0.4 s). What is left behind by a timeout ends by itself and keeps nobody waiting.
/// </summary>
internal sealed class SshNetTransport(SshNetTarget target, SshSettings settings, Func<IReadOnlyList<IPrivateKeySource>> identities) : IWorkerTransport
{
    /// <summary>OpenSSH's order: post-quantum hybrids first. SHA-1 exchanges are out, as there.</summary>
    private static readonly string[] KeyExchanges =
    [
        "mlkem768x25519-sha256", "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com", "curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256",
        "ecdh-sha2-nistp384", "ecdh-sha2-nistp521", "diffie-hellman-group-exchange-sha256", "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512",
        "diffie-hellman-group14-sha256",
    ];

    private static readonly string[] FastKeyExchanges = ["curve25519-sha256", "curve25519-sha256@libssh.org", .. KeyExchanges];

    /// <summary>Those of OpenSSH, the one that the processor does in hardware and without a separate MAC first.</summary>
    private static readonly string[] Ciphers =
        ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr", "chacha20-poly1305@openssh.com"];

    private static readonly string[] Macs = ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"];

    private static readonly Task<IReadOnlyList<TakeStream>> NoOthers = Task.FromResult<IReadOnlyList<TakeStream>>([]);

    /// <summary>The last certificate that was shown, whether it is genuine or not. Written on the connection's thread before the connect ends.</summary>
    private HostCertificate? _certificate;

    /// <summary>How many targets of the same login the connection is for.</summary>
    public int Targets { get; init; } = 1;

    /// <summary>What was found about the host's key, once it showed one.</summary>
    public HostKeyVerdict? Verdict { get; private set; }

    public async Task<TransportStream> OpenAsync(CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(settings.ConnectTimeout);
        try
        {
            return await OpenChannelAsync(deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Lost(ErrorKind.Unreachable, $"No connection to {target.Owner.Place} within {settings.ConnectTimeout.TotalSeconds:0.###} s.", null, null);
        }
    }

    private async Task<TransportStream> OpenChannelAsync(CancellationToken cancellationToken)
    {
        var banner = new Banner();
        var client = CreateClient(banner);
        var connected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => Connect(client, connected)) { IsBackground = true, Name = "ssh connect" }.Start();
        try
        {
            await connected.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Whoever comes second cleans up: the thread when it finds the task cancelled, this call when it is connected meanwhile.
            if (!connected.TrySetCanceled(CancellationToken.None))
            {
                Abort(null, client);
            }
            throw;
        }
        catch (Exception e)
        {
            throw Explain(e, client.ConnectionInfo);
        }
        var (socket, connection, channel) = OpenSession(client, banner);
        try
        {
            var opening = channel.OpenSubsystemAsync("sftp", cancellationToken);
            var others = Targets == 1 ? NoOthers : OpenOthersAsync(connection);
            // sshd sends its host keys behind the login, then holds the answer to this back until they are acknowledged: it turns Nagle's algorithm off with the first session only.
            TcpAcknowledgement.Hasten(socket);
            if (!await opening)
            {
                throw Lost(
                    ErrorKind.Protocol, $"{target.Owner.Place} offers no sftp subsystem to {target.Owner.User}.",
                    "Let sshd_config on the worker have the line `Subsystem sftp internal-sftp`.", null);
            }
            // The listener has read the answer, so it waits in the system from now on.
            BlockingSocket.Unwatch(socket);
            return connection.Target(channel) with { Targets = Targets, Others = others };
        }
        catch (IOException e)
        {
            await channel.DisposeAsync();
            throw Explain(e, client.ConnectionInfo);
        }
        catch (Exception)
        {
            await channel.DisposeAsync();
            throw;
        }
    }

    private SshClient CreateClient(Banner banner)
    {
        var (user, keys) = (target.Owner.User, identities());
        AuthenticationMethod login = keys.Count == 0 ? new NoneAuthenticationMethod(user) : new PrivateKeyAuthenticationMethod(user, [.. keys]);
        // SSH.NET applies its timeout to each of its waits alone: a connect that was given up ends after a few of them at the latest.
        var connection = new ConnectionInfo(target.Owner.Host, target.Owner.Port, user, login) { Timeout = settings.ConnectTimeout, RetryAttempts = 1 };
        Order(connection.KeyExchangeAlgorithms, settings.Kex == KeyExchangeOrder.Fast ? FastKeyExchanges : KeyExchanges);
        Order(connection.HostKeyAlgorithms, target.HostKeyAlgorithms);
        NoteCertificates(connection);
        Order(connection.Encryptions, Ciphers);
        Order(connection.HmacAlgorithms, Macs);
        // The one that begins after the login: nobody unknown reaches the decompressor.
        Order(connection.CompressionAlgorithms, settings.Compress ? ["zlib@openssh.com", "none"] : ["none"]);
        connection.AuthenticationBanner += (_, e) => banner.Add(e.BannerMessage);
        var client = new SshClient(connection);
        // Runs at every key exchange, also while data flows: only the first one is a question, later ones must show the same key.
        client.HostKeyReceived += (_, e) => e.CanTrust = MayTrust(e.HostKey, e.Certificate);
        return client;
    }

    /// <summary>SSH.NET refuses a forged or outdated certificate without a word about which it was: what was shown is kept for <see cref="Explain"/>.</summary>
    private void NoteCertificates(ConnectionInfo connection)
    {
        foreach (var (name, create) in connection.HostKeyAlgorithms.Where(pair => HostCertificatePolicy.IsForCertificates(pair.Key)).ToArray())
        {
            connection.HostKeyAlgorithms[name] = blob =>
            {
                var algorithm = create(blob);
                _certificate = algorithm is CertificateHostAlgorithm shown && HostKey.FromBlob(shown.Data) is { } key ? Read(key, shown.Certificate) : null;
                return algorithm;
            };
        }
    }

    private static HostCertificate Read(HostKey key, Certificate shown) => new(key, HostKey.FromBlob(shown.CertificateAuthorityKey))
    {
        Type = (uint)shown.Type,
        Id = shown.KeyId,
        Principals = [.. shown.ValidPrincipals],
        ValidAfter = shown.ValidAfterUnixSeconds,
        ValidBefore = shown.ValidBeforeUnixSeconds,
        CriticalOptions = [.. shown.CriticalOptions.Keys],
        // A signature begins as a key does, with the name of its kind.
        SignatureAlgorithm = HostKey.FromBlob(shown.Signature)?.Type ?? "an algorithm of an unknown form",
    };

    private bool MayTrust(byte[] blob, Certificate? shown)
    {
        if (HostKey.FromBlob(blob) is not { } key)
        {
            return false;
        }
        if (Verdict is null)
        {
            // SSH.NET has verified by now that the authority signed it and that the server holds the key.
            Verdict = target.Judge(key, shown is null ? null : Read(key, shown));
        }
        return Verdict.IsAccepted && Verdict.Key.Equals(key);
    }

    private static void Order<T>(IOrderedDictionary<string, T> algorithms, IReadOnlyList<string> wanted)
    {
        var all = algorithms.ToArray();
        algorithms.Clear();
        foreach (var name in wanted.Distinct())
        {
            if (Array.Find(all, pair => pair.Key == name) is { Key: not null } known)
            {
                algorithms.Add(known.Key, known.Value);
            }
        }
    }

    private static void Connect(SshClient client, TaskCompletionSource connected)
    {
        try
        {
            client.Connect();
            // From here on the deadlines are those above the channel: a rekey behind a long flush must not end the session.
            client.ConnectionInfo.Timeout = Timeout.InfiniteTimeSpan;
            if (!connected.TrySetResult())
            {
                Abort(null, client);
            }
        }
        catch (Exception e)
        {
            connected.TrySetException(e);
        }
    }

    private (Socket? Socket, SshNetConnection Connection, SshNetChannel Channel) OpenSession(SshClient client, Banner banner)
    {
        var session = Seam.SessionOf(client);
        // Taken now: SSH.NET forgets its socket when it disconnects, and blocks on a lock while a peer that does not read holds up a send.
        var socket = Seam.SocketOf(session);
        BlockingSocket.Restore(socket);
        var connection = new SshNetConnection(session, message => Seam.SendMessage(session, message), () => Abort(socket, client)) { Banner = () => banner.Text, Patience = settings.IdleTimeout };
        // Behind those of the connection, which have told its channels why. Nothing else wakes a sender of whose packet the system took a part.
        session.ErrorOccured += (_, _) => Abort(socket, client);
        session.Disconnected += (_, _) => Abort(socket, client);
        return (socket, connection, connection.AddHolder());
    }

    /// <summary>In the flight of the first one, and with the same time.</summary>
    private async Task<IReadOnlyList<TakeStream>> OpenOthersAsync(SshNetConnection connection)
    {
        using var deadline = new CancellationTokenSource(settings.ConnectTimeout);
        return await connection.OpenOthersAsync(Targets - 1, deadline.Token);
    }

    /// <summary>Ends the connection without asking the peer: the socket first, so that nothing blocks; what remains of the client goes on a thread nobody waits for.</summary>
    private static void Abort(Socket? socket, SshClient client)
    {
        try
        {
            socket?.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It is over already, which is what was wanted.
        }
        ThreadPool.UnsafeQueueUserWorkItem(
            static connection =>
            {
                try
                {
                    // A send of which a part was taken waits to be woken by .NET, not by the system.
                    connection.Socket?.Dispose();
                    connection.Client.Dispose();
                }
                catch (Exception)
                {
                    // Nothing is left to be told, and whatever SSH.NET trips over in a connection that was cut off must not end the other workers.
                }
            },
            (Socket: socket, Client: client), preferLocal: false);
    }

    /// <summary>SSH.NET's exceptions as the worker's failure. Kinds come from types and states, never from texts.</summary>
    private WorkerLostException Explain(Exception e, ConnectionInfo connection)
    {
        var place = target.Owner.Place;
        switch (e)
        {
            case not null when Verdict is { IsAccepted: false } verdict:
                return HostKeyPolicy.Failure(verdict);
            case SshConnectionException { DisconnectReason: DisconnectReason.KeyExchangeFailed } when connection is { CurrentKeyExchangeAlgorithm: not null, CurrentHostKeyAlgorithm: null }:
                return Lost(
                    ErrorKind.HostKey, $"{place} has no host key of the types {string.Join(", ", target.HostKeyAlgorithms)}.",
                    $"If the host was set up anew, run `{target.Owner.TrustCommand} --replace`.", e);
            case SshConnectionException { DisconnectReason: DisconnectReason.KeyExchangeFailed } when Verdict is null && _certificate is { } certificate:
                var judged = target.Judge(certificate.Key, certificate);
                Verdict = judged.IsAccepted ? HostCertificatePolicy.Forged(target.Owner, certificate) : judged;
                return HostKeyPolicy.Failure(Verdict);
            case SshAuthenticationException:
                return new WorkerLostException(
                    ErrorKind.Login, $"{place} refused the login of {target.Owner.User}: {e.Message}",
                    "Put the public key into ~/.ssh/authorized_keys of that user on the worker, or name another key with --identity.", e)
                {
                    IsRefusedLogin = true,
                };
            case SshOperationTimeoutException:
                return Lost(ErrorKind.Unreachable, $"No connection to {place} within {settings.ConnectTimeout.TotalSeconds:0.###} s.", null, e);
            case SocketException or SshException or IOException:
                return Lost(ErrorKind.Unreachable, $"No connection to {place}: {e.Message}", null, e);
            default:
                return Lost(ErrorKind.Protocol, $"{place} did not keep to the SSH protocol: {e!.Message}", null, e);
        }
    }

    private static WorkerLostException Lost(ErrorKind kind, string message, string? hint, Exception? inner) => new(kind, message, hint, inner);

    /// <summary>Everything that is not public in SSH.NET. The package version is pinned; a test calls each of these, so that an upgrade that moves one is seen at once.</summary>
    internal static class Seam
    {
        public static Session SessionOf(BaseClient client) => (Session)GetSession(client);

        [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "SendMessage")]
        public static extern void SendMessage(Session session, Message message);

        public static Socket? SocketOf(Session session) => SocketField(session);

        [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Session")]
        [return: UnsafeAccessorType("Renci.SshNet.ISession, Renci.SshNet")]
        private static extern object GetSession(BaseClient client);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_socket")]
        private static extern ref Socket? SocketField(Session session);
    }

    /// <summary>What the server said before the login, bounded; written on the connection's thread before anybody reads.</summary>
    private sealed class Banner
    {
        private const int Limit = 16 << 10;

        public string Text { get; private set; } = "";

        public void Add(string text) => Text += text[..Math.Min(text.Length, Limit - Text.Length)];
    }
}
