using System.Collections.Concurrent;
using DepSync.Config;
using DepSync.Model;

namespace DepSync.Workers;

/// <summary>
/// From an address to a worker's files: picks local or SFTP, the client and the host key check; in a dry run nothing can be written through what comes back. A connect that
/// fails quickly for want of a connection is tried once more; a refused key or login never is. Targets behind one login share connections (<see cref="SharedConnections"/>). One for a run; safe for
/// concurrent use.
/// </summary>
internal sealed class WorkerConnector
{
    /// <summary>SSH.NET takes some 30 microseconds a packet and 100 more when it wakes a thread; sshd sends most replies as packets of their own.</summary>
    private static readonly TimeSpan GatherReplies = TimeSpan.FromMilliseconds(1);

    /// <summary>sshd that has too many logins under way drops new ones; half a second later some are through. Up to twice that, so that those that were dropped together do not come back together.</summary>
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);

    private readonly RunConfig _config;
    private readonly IRunObserver _observer;
    private readonly TimeProvider _clock;
    private readonly HostKeyChecks _hostKeys;
    private readonly SshIdentity _identity = SshIdentity.OfThisUser();
    private readonly BandwidthLimit? _sending;
    private readonly BandwidthLimit? _receiving;
    private readonly SharedConnections _shared;

    /// <summary>By login.</summary>
    private readonly ConcurrentDictionary<string, HostCertificate> _certificates = new();

    private int _warned;

    public WorkerConnector(RunConfig config, IRunObserver observer, HostKeyPrompt? prompt, TimeProvider clock)
    {
        (_config, _observer, _clock) = (config, observer, clock);
        _hostKeys = new HostKeyChecks(config, KnownHostsStore.Open(config.Ssh.KnownHosts), prompt, clock);
        if (config.BytesPerSecond > 0)
        {
            (_sending, _receiving) = (new BandwidthLimit(config.BytesPerSecond, clock), new BandwidthLimit(config.BytesPerSecond, clock));
        }
        _shared = new SharedConnections(config.Workers.Where(worker => !worker.IsLocal).Select(Login), config.Parallel, clock) { LongTry = config.Ssh.ConnectTimeout / 2 };
        Lanes = new SftpLaneRules().Among(Math.Min(config.Workers.Count, config.Parallel), Environment.ProcessorCount);
    }

    public TimeProvider Clock => _clock;

    public LoginGate Logins { get; init; } = new(LoginGate.UsualPlaces);

    /// <summary>How many sessions a worker gets. With a rate that one of them can use up it is one.</summary>
    public SftpLaneRules Lanes { get; init; }

    /// <summary>The certificate that a worker was connected by; null when it was its own key, and always with the ssh program, which does not tell.</summary>
    public HostCertificate? CertificateOf(WorkerAddress worker) => worker.IsLocal ? null : _certificates.GetValueOrDefault(Login(worker));

    /// <exception cref="WorkerLostException">Not reached, host key or login refused, or the target cannot be used; message and hint are for the user.</exception>
    public Task<IWorkerFileSystem> ConnectAsync(WorkerAddress worker, CancellationToken cancellationToken) => ConnectAsync(worker, null, cancellationToken);

    /// <param name="guess">Of use where the worker is reached over a network.</param>
    /// <inheritdoc cref="ConnectAsync(WorkerAddress, CancellationToken)"/>
    public async Task<IWorkerFileSystem> ConnectAsync(WorkerAddress worker, PlaceGuess? guess, CancellationToken cancellationToken)
    {
        var files = worker.IsLocal ? LocalWorker.Open(worker.Path) : await ConnectRemoteAsync(worker, guess, cancellationToken);
        return _config.DryRun ? new ReadOnlyWorker(files) : files;
    }

    private async Task<IWorkerFileSystem> ConnectRemoteAsync(WorkerAddress worker, PlaceGuess? guess, CancellationToken cancellationToken)
    {
        if (_config.Ssh.HostKey == HostKeyMode.Insecure && Interlocked.Exchange(ref _warned, 1) == 0)
        {
            _observer.On(new Note(NoteLevel.Warning, "Host keys are not checked (host_key: insecure): anybody on the way can be the worker."));
        }
        return _config.Ssh.Client == SshClientKind.OpenSsh
            ? await TryAsync(worker, _ => OpenByProgramAsync(worker, guess, cancellationToken), cancellationToken)
            : await GreetAsync(worker, await _shared.OpenAsync(Login(worker), ConnectAsync, cancellationToken), guess, cancellationToken);

        // The second time for this one alone: a server may take no more.
        Task<TransportStream> ConnectAsync(int targets) => TryAsync(worker, time => OpenBuiltinAsync(worker, time == 1 ? targets : 1, cancellationToken), cancellationToken);
    }

    /// <summary>Logs in when there is a place for it, and once more where that failed quickly for want of a connection.</summary>
    private async Task<T> TryAsync<T>(WorkerAddress worker, Func<int, Task<T>> open, CancellationToken cancellationToken)
    {
        using (await Logins.EnterAsync(worker, cancellationToken))
        {
            var start = _clock.GetTimestamp();
            try
            {
                return await open(1);
            }
            catch (WorkerLostException lost) when (lost.Kind == ErrorKind.Unreachable && _clock.GetElapsedTime(start) < _config.Ssh.ConnectTimeout / 2)
            {
                _observer.On(new Note(NoteLevel.Detail, $"{lost.Message} Trying once more.") { Worker = worker.Name });
            }
        }
        await Task.Delay(RetryDelay * (1 + Random.Shared.NextDouble()), _clock, cancellationToken);
        using (await Logins.EnterAsync(worker, cancellationToken))
        {
            return await open(2);
        }
    }

    private async Task<SftpWorker> OpenByProgramAsync(WorkerAddress worker, PlaceGuess? guess, CancellationToken cancellationToken)
    {
        try
        {
            return await OpenByProgramOnceAsync(worker, guess, cancellationToken);
        }
        catch (WorkerLostException refused) when (refused.Kind == ErrorKind.HostKey && _hostKeys.CanAskAndRecord)
        {
            if (!await AskForProgramAsync(worker, cancellationToken))
            {
                throw;
            }
            return await OpenByProgramOnceAsync(worker, guess, cancellationToken);
        }
    }

    private async Task<SftpWorker> OpenByProgramOnceAsync(WorkerAddress worker, PlaceGuess? guess, CancellationToken cancellationToken)
    {
        var transport = new OpenSshTransport(worker, _config.Ssh, _config.DryRun ? HostKeyWriting.Forbidden : HostKeyWriting.Allowed);
        return await GreetAsync(worker, await transport.OpenAsync(cancellationToken), guess, cancellationToken);
    }

    /// <summary>
    /// ssh runs without a terminal and cannot ask, so the key is fetched from the address itself, asked about and recorded here. Nothing is asked where the address shows
    /// no key (it is an alias or behind a jump host), or where one contradicts what is on record.
    /// </summary>
    private async Task<bool> AskForProgramAsync(WorkerAddress worker, CancellationToken cancellationToken)
    {
        try
        {
            var shown = await _hostKeys.FetchAsync(worker, cancellationToken);
            if (shown.Keys.Any(key => key.State is ShownKeyState.Changed or ShownKeyState.Revoked))
            {
                return false;
            }
            if (shown.Keys.Any(key => key.State == ShownKeyState.Known))
            {
                // Recorded meanwhile for another worker of the host.
                return true;
            }
            var asked = await _hostKeys.AskAsync(shown.Owner, shown.Keys[0].Key, cancellationToken);
            if (asked)
            {
                _hostKeys.Remember(shown.Owner, shown.Keys[0].Key);
            }
            return asked;
        }
        catch (WorkerLostException)
        {
            return false;
        }
    }

    /// <summary>From a stream to a worker, which owns it from here on.</summary>
    private async Task<SftpWorker> GreetAsync(WorkerAddress worker, TransportStream transport, PlaceGuess? guess, CancellationToken cancellationToken)
    {
        try
        {
            if (!_config.Ssh.Exec)
            {
                transport = transport with { StartCommand = null };
            }
            var gather = _config.Ssh.Client == SshClientKind.Builtin ? GatherReplies : TimeSpan.Zero;
            var options = new SftpWorkerOptions(_config.Ssh.IdleTimeout, _clock)
            {
                GatherReplies = gather,
                Guess = guess,
                // What has not logged in by then fails as a connection does, or sits in a session that is slow to say so.
                EnterLogin = token => Logins.EnterAsync(worker, _config.Ssh.ConnectTimeout, _clock, token),
                Lanes = Lanes.Beside(transport.Targets),
                Tell = message => _observer.On(new Note(NoteLevel.Detail, message) { Worker = worker.Name }),
            };
            if (_sending is not null && _receiving is not null)
            {
                transport = LimitedStream.Around(transport, _sending, _receiving, _clock);
                var oneIsEnough = _sending.Window < BandwidthLimit.LongestWindow;
                options = options with { WindowBytes = _sending.Window, Lanes = oneIsEnough ? Lanes with { Most = 1 } : options.Lanes };
            }
            return await SftpWorker.OpenAsync(transport, worker.Path, options, cancellationToken);
        }
        catch (WorkerLostException e) when (Cause(e) is { } cause)
        {
            throw cause;
        }
    }

    /// <summary>The transport's own failure below that of the SFTP session, which saw no more than a stream that broke.</summary>
    private static WorkerLostException? Cause(Exception e)
    {
        for (var inner = e.InnerException; inner is not null; inner = inner.InnerException)
        {
            if (inner is WorkerLostException lost)
            {
                return lost;
            }
        }
        return null;
    }

    private async Task<TransportStream> OpenBuiltinAsync(WorkerAddress worker, int targets, CancellationToken cancellationToken)
    {
        var target = _hostKeys.Target(worker);
        try
        {
            return await OpenBuiltinAsync(worker, target, targets, cancellationToken);
        }
        catch (WorkerLostException lost) when (lost.Kind is ErrorKind.Unreachable or ErrorKind.HostKey or ErrorKind.Login && MentionedInSshConfig(worker.Host!))
        {
            const string Hint = "~/.ssh/config has settings for this host, which the builtin client does not read: set `ssh.client: openssh` to use them.";
            throw new WorkerLostException(lost.Kind, lost.Message, lost.Hint is null ? Hint : $"{lost.Hint} {Hint}", lost) { IsRefusedLogin = lost.IsRefusedLogin };
        }
    }

    private async Task<TransportStream> OpenBuiltinAsync(WorkerAddress worker, SshNetTarget target, int targets, CancellationToken cancellationToken)
    {
        var transport = Transport(worker, target, targets);
        try
        {
            var stream = await transport.OpenAsync(cancellationToken);
            if (transport.Verdict?.Certificate is { } certificate)
            {
                _certificates[Login(worker)] = certificate;
            }
            return stream;
        }
        catch (WorkerLostException lost) when (lost.Kind == ErrorKind.HostKey && transport.Verdict is null)
        {
            throw _hostKeys.Explain(target.Owner, lost);
        }
        catch (WorkerLostException lost) when (transport.Verdict is { Decision: HostKeyDecision.RefuseCertificate } && _hostKeys.PlainTarget(worker) is { } plain)
        {
            _observer.On(new Note(NoteLevel.Notice, $"{lost.Message} Its own key counts, which is on record.") { Worker = worker.Name });
            return await Transport(worker, plain, targets).OpenAsync(cancellationToken);
        }
        catch (WorkerLostException) when (transport.Verdict is { Decision: HostKeyDecision.Ask })
        {
            // Asked outside of the connection, which would not wait for people.
        }
        finally
        {
            if (transport.Verdict is { Decision: HostKeyDecision.AcceptAndRecord, Key: var key })
            {
                _hostKeys.Remember(target.Owner, key);
                _observer.On(new Note(NoteLevel.Notice, $"Accepted the {key.Type} host key of {target.Owner.Place}: {key.Fingerprint}") { Worker = worker.Name });
            }
        }
        var asked = transport.Verdict!.Key;
        if (!await _hostKeys.AskAsync(target.Owner, asked, cancellationToken))
        {
            throw HostKeyPolicy.Failure(transport.Verdict);
        }
        _hostKeys.Remember(target.Owner, asked);
        return await Transport(worker, _hostKeys.Target(worker), targets).OpenAsync(cancellationToken);
    }

    private SshNetTransport Transport(WorkerAddress worker, SshNetTarget target, int targets) =>
        new(target, _config.Ssh, () => _identity.Load(worker.Identity ?? _config.Ssh.Identity)) { Targets = targets };

    private string Login(WorkerAddress worker) => LoginTraits.Key(worker, _config.Ssh);

    private static bool MentionedInSshConfig(string host)
    {
        try
        {
            return SshConfigHosts.Mentions(File.ReadAllText(Path.Combine(KnownHostsStore.SshFolder, "config")), host);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
