using DepSync.Config;
using DepSync.Model;
using DepSync.Release;
using DepSync.State;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>Refused logins over several runs, with a worker that refuses on demand and a clock of the test's.</summary>
public sealed class LoginKeeperTests : IDisposable, IRunObserver
{
    private readonly TempTree _folder = new();
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly string _identity;
    private readonly WorkerAddress _worker;
    private WorkerLostException? _failure = Refused;
    private int _tries;

    public LoginKeeperTests()
    {
        _folder.Write("key", "k");
        _identity = Path.Combine(_folder.Path, "key");
        _worker = new WorkerAddress { Name = "w", Target = "t", Host = "node-1", User = "u", Path = "/x", Identity = _identity };
    }

    private static WorkerLostException Refused => new(ErrorKind.Login, "refused") { IsRefusedLogin = true };

    private StateStore Store => StateStore.Open(Path.Combine(_folder.Path, "state"), "/manager");

    public void Dispose() => _folder.Dispose();

    void IRunObserver.On(RunEvent runEvent)
    {
        // Nothing is told here: what is not tried is the worker's failure.
    }

    [Fact]
    public async Task After_three_refusals_a_worker_is_not_contacted_until_its_time_and_the_failure_says_when_that_is()
    {
        await RunAsync(expectedTries: 1);
        await RunAsync(expectedTries: 2);
        await RunAsync(expectedTries: 3);
        var waiting = await RunAsync(expectedTries: 3);
        Assert.Equal(ErrorKind.Login, waiting!.Kind);
        Assert.Contains("refused the login 3 times in a row", waiting.Message, StringComparison.Ordinal);
        Assert.Contains(_clock.GetUtcNow().AddMinutes(5).ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss"), waiting.Message, StringComparison.Ordinal);
        Assert.Contains("depsync check", waiting.Hint, StringComparison.Ordinal);
        Assert.False(waiting.IsRefusedLogin);
        _clock.Advance(TimeSpan.FromMinutes(5));
        await RunAsync(expectedTries: 4);
        _clock.Advance(TimeSpan.FromMinutes(9));
        await RunAsync(expectedTries: 4);
        _clock.Advance(TimeSpan.FromMinutes(1));
        await RunAsync(expectedTries: 5);
    }

    [Fact]
    public async Task A_login_that_succeeds_ends_the_row()
    {
        await RefuseAsync(3);
        _clock.Advance(TimeSpan.FromMinutes(5));
        _failure = null;
        Assert.Null(await RunAsync(expectedTries: 4));
        Assert.Null(Store.LoadLogin(Login)!.Refused);
        _failure = Refused;
        await RefuseAsync(3);
    }

    [Theory]
    [InlineData("content")]
    [InlineData("another file of the same size and time")]
    [InlineData("mode")]
    [InlineData("identity")]
    [InlineData("client")]
    [InlineData("user")]
    public async Task What_is_changed_here_ends_the_wait_at_once(string what)
    {
        await RefuseAsync(4);
        var (worker, settings) = (_worker, new SshSettings());
        switch (what)
        {
            case "content":
                File.AppendAllText(_identity, "more");
                break;
            case "another file of the same size and time":
                File.Copy(_identity, _identity + "2");
                File.WriteAllText(_identity + "2", "x");
                File.SetLastWriteTimeUtc(_identity + "2", File.GetLastWriteTimeUtc(_identity));
                File.Move(_identity + "2", _identity, overwrite: true);
                break;
            case "mode":
                _folder.SetMode("key"u8, 0x100);
                break;
            case "identity":
                worker = worker with { Identity = Path.Combine(_folder.Path, "none") };
                break;
            case "client":
                settings = settings with { Client = SshClientKind.OpenSsh };
                break;
            default:
                worker = worker with { User = "v" };
                break;
        }
        var before = _tries;
        await RunAsync(before + 1, worker, settings);
    }

    [Fact]
    public async Task A_clock_that_went_back_ends_the_wait()
    {
        await RefuseAsync(3);
        var early = new FakeTimeProvider(_clock.GetUtcNow().AddDays(-1));
        await Assert.ThrowsAsync<WorkerLostException>(() => Keeper(new RunContext("r", "", this, early, null), new SshSettings()).ConnectAsync(_worker, null, default));
        Assert.Equal(4, _tries);
    }

    [Fact]
    public async Task What_was_no_refusal_of_the_worker_is_not_counted_and_keeps_the_row()
    {
        _failure = new WorkerLostException(ErrorKind.Login, "the key cannot be read here");
        await RefuseAsync(5);
        Assert.Null(Store.LoadLogin(Login));
        _failure = Refused;
        await RefuseAsync(2);
        _failure = new WorkerLostException(ErrorKind.HostKey, "changed");
        await RefuseAsync(2);
        Assert.Equal(2, Store.LoadLogin(Login)!.Refused!.Count);
    }

    [Fact]
    public async Task Who_is_there_or_names_the_worker_does_not_wait_and_a_dry_run_counts_nothing_besides()
    {
        await RefuseAsync(4);
        var atOnce = new RunContext("r", "", this, _clock, null) { Logins = LoginTries.AtOnce };
        await Assert.ThrowsAsync<WorkerLostException>(() => Keeper(atOnce, new SshSettings()).ConnectAsync(_worker, null, default));
        Assert.Equal(5, Store.LoadLogin(Login)!.Refused!.Count);
        var dry = new LoginKeeper(new RunConfig { ManagerDir = "/manager", Workers = [], DryRun = true }, new RunContext("r", "", this, _clock, null), Store, (worker, _, token) => Connect(worker, token));
        await Assert.ThrowsAsync<WorkerLostException>(() => dry.ConnectAsync(_worker, null, default));
        Assert.Equal(6, _tries);
        Assert.Equal(5, Store.LoadLogin(Login)!.Refused!.Count);
    }

    [Fact]
    public async Task A_worker_is_logged_in_to_once_a_run()
    {
        var keeper = Keeper(new RunContext("r", "", this, _clock, null), new SshSettings());
        await Assert.ThrowsAsync<WorkerLostException>(() => keeper.ConnectAsync(_worker, null, default));
        await Assert.ThrowsAsync<WorkerLostException>(() => keeper.ConnectAsync(_worker, null, default));
        Assert.Equal(1, _tries);
    }

    /// <summary>Two folders on one host, and a third one behind another key.</summary>
    [Fact]
    public async Task Targets_that_share_a_login_share_its_row_and_others_have_their_own()
    {
        var beside = _worker with { Name = "v", Path = "/y", Host = "NODE-1" };
        await RunAsync(expectedTries: 1);
        await RunAsync(expectedTries: 2, beside);
        await RunAsync(expectedTries: 3);
        Assert.Contains("3 times in a row", (await RunAsync(expectedTries: 3, beside))!.Message, StringComparison.Ordinal);
        await RunAsync(expectedTries: 4, beside with { Identity = Path.Combine(_folder.Path, "none") });
        await RunAsync(expectedTries: 5, beside with { User = "v" });
        await RunAsync(expectedTries: 6, beside with { Port = 2222 });
        await RunAsync(expectedTries: 7, beside with { Host = "node-2" });
        Assert.Contains("3 times in a row", (await RunAsync(expectedTries: 7))!.Message, StringComparison.Ordinal);
    }

    /// <summary>All at once, in one run.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_login_that_is_refused_is_tried_once_a_run_however_many_targets_share_it(bool dryRun)
    {
        var trying = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var keeper = Keeper(dryRun, async (_, _) =>
        {
            Interlocked.Increment(ref _tries);
            await trying.Task;
            throw Refused;
        });
        var connecting = Enumerable.Range(0, 8).Select(i => keeper.ConnectAsync(_worker with { Name = $"w{i}", Path = $"/{i}" }, null, default)).ToList();
        trying.SetResult();
        foreach (var connect in connecting)
        {
            Assert.True((await Assert.ThrowsAsync<WorkerLostException>(() => connect)).IsRefusedLogin);
        }
        Assert.Equal(1, _tries);
        Assert.Equal(dryRun ? null : 1, Store.LoadLogin(Login)?.Refused?.Count);
    }

    [Fact]
    public async Task Targets_that_a_login_was_let_into_before_do_not_wait_for_each_other()
    {
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var keeper = Keeper(dryRun: false, async (_, _) =>
        {
            if (Interlocked.Increment(ref _tries) == 4)
            {
                all.SetResult();
            }
            // Only together they get here.
            await all.Task.WaitAsync(TimeSpan.FromSeconds(30), CancellationToken.None);
            throw Refused;
        });
        var workers = Enumerable.Range(0, 4).Select(i => _worker with { Name = $"w{i}", Path = $"/{i}" }).ToList();
        foreach (var key in workers.Select(WorkerRelease.TargetKey))
        {
            Store.SaveTarget(key, TargetState.Create(key) with { Known = true });
        }
        foreach (var connect in workers.Select(worker => keeper.ConnectAsync(worker, null, default)).ToList())
        {
            Assert.True((await Assert.ThrowsAsync<WorkerLostException>(() => connect)).IsRefusedLogin);
        }
        // A run that was refused counts once.
        Assert.Equal(1, Store.LoadLogin(Login)!.Refused!.Count);
    }

    [Theory]
    [InlineData("connected")]
    [InlineData("unreachable")]
    [InlineData("cancelled")]
    public async Task Targets_that_share_a_login_go_on_together_once_the_first_try_is_no_refusal(string first)
    {
        var trying = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var keeper = Keeper(dryRun: false, async (worker, token) =>
        {
            if (Interlocked.Increment(ref _tries) == 1)
            {
                await trying.Task;
                return first switch
                {
                    "connected" => LocalWorker.Open(_folder.Path),
                    "unreachable" => throw new WorkerLostException(ErrorKind.Unreachable, "no connection"),
                    _ => throw new OperationCanceledException(),
                };
            }
            if (_tries == 4)
            {
                all.SetResult();
            }
            // Only together they get here.
            await all.Task.WaitAsync(TimeSpan.FromSeconds(30), CancellationToken.None);
            return LocalWorker.Open(_folder.Path);
        });
        var connecting = Enumerable.Range(0, 4).Select(i => keeper.ConnectAsync(_worker with { Name = $"w{i}", Path = $"/{i}" }, null, default)).ToList();
        Assert.Equal(1, _tries);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => keeper.ConnectAsync(_worker with { Name = "late" }, null, cancelled.Token));
        trying.SetResult();
        foreach (var connect in connecting.Skip(1))
        {
            await (await connect.WaitAsync(TimeSpan.FromSeconds(30))).DisposeAsync();
        }
        Assert.Equal(first == "connected", await Record.ExceptionAsync(() => connecting[0]) is null);
        Assert.Equal(4, _tries);
    }

    private async Task RefuseAsync(int times)
    {
        for (var i = 0; i < times; i++)
        {
            // Long enough for any wait.
            _clock.Advance(TimeSpan.FromMinutes(10));
            await RunAsync(_tries + 1);
        }
    }

    private async Task<WorkerLostException?> RunAsync(int expectedTries, WorkerAddress? worker = null, SshSettings? settings = null)
    {
        WorkerLostException? failure = null;
        try
        {
            await Keeper(new RunContext("r", "", this, _clock, null), settings ?? new SshSettings()).ConnectAsync(worker ?? _worker, null, default);
        }
        catch (WorkerLostException lost)
        {
            failure = lost;
        }
        Assert.Equal(expectedTries, _tries);
        return failure;
    }

    private string Login => LoginTraits.Key(_worker, new SshSettings());

    private LoginKeeper Keeper(bool dryRun, ConnectWorker connect) =>
        new(new RunConfig { ManagerDir = "/manager", Workers = [], DryRun = dryRun }, new RunContext("r", "", this, _clock, null), Store, (worker, _, token) => connect(worker, token));

    private LoginKeeper Keeper(RunContext context, SshSettings settings) =>
        new(new RunConfig { ManagerDir = "/manager", Workers = [], Ssh = settings }, context, Store, (worker, _, token) => Connect(worker, token));

    private Task<IWorkerFileSystem> Connect(WorkerAddress worker, CancellationToken cancellationToken)
    {
        _tries++;
        return _failure is null ? Task.FromResult(LocalWorker.Open(_folder.Path)) : throw _failure;
    }
}
