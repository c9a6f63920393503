using System.Collections.Concurrent;

namespace DepSync.Release;

/// <summary>
/// The claims of one run's workers, so that of several names of one directory one goes on, in whatever order their calls arrive. Safe for concurrent use.
/// A claim waits only for the decisions of claims with higher numbers, and signatures wait for no decision, so no two wait for each other.
/// </summary>
internal sealed class RunSiblings
{
    /// <summary>
    /// How long a claim waits for another one at most: the calls that it waits for have deadlines of their own where they are made over a network, by default of 30 s; a directory of
    /// this machine has none.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly ConcurrentQueue<RunClaim> _claims = new();

    /// <summary>A worker is about to make the folder of that number.</summary>
    public RunClaim Begin(string worker, long number)
    {
        var claim = new RunClaim(worker, number);
        _claims.Enqueue(claim);
        return claim;
    }

    /// <summary>The claim of that worker and number; null when this run has made none.</summary>
    public RunClaim? Find(string worker, long number) => _claims.LastOrDefault(claim => claim.Worker == worker && claim.Number == number);

    /// <summary>Ends when no other worker of this run is between making and signing a folder of that number, or when it is of no use to wait any longer.</summary>
    public Task SignedAsync(string worker, long number, TimeProvider clock, CancellationToken cancellationToken) =>
        AwaitAsync(Others(worker, number).Select(claim => claim.Signed), clock, cancellationToken);

    /// <summary>Whether other workers of this run have claimed that number, above the claim's own, and all of them have given up.</summary>
    public async Task<bool> HaveGivenUpAsync(RunClaim claim, long number, TimeProvider clock, CancellationToken cancellationToken)
    {
        var others = Others(claim.Worker, number).ToList();
        await AwaitAsync(others.Select(other => other.Decided), clock, cancellationToken);
        return others.Count > 0 && others.All(other => other.HasGivenUp);
    }

    /// <summary>
    /// Whether a claim that finds the folder of another one in its own directory is to give way: to a lower number unless that has given up, to a higher one only when that goes on. The
    /// higher one listed before the lower one's folder was there, then, and will not see it any more. One that has not decided in time may still go on, and two of them must not.
    /// </summary>
    public static async Task<bool> GivesWayAsync(RunClaim claim, RunClaim other, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (other.Number > claim.Number)
        {
            await AwaitAsync([other.Decided], clock, cancellationToken);
        }
        return !other.HasGivenUp;
    }

    private IEnumerable<RunClaim> Others(string worker, long number) => _claims.Where(claim => claim.Number == number && claim.Worker != worker);

    private static async Task AwaitAsync(IEnumerable<Task> tasks, TimeProvider clock, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(tasks).WaitAsync(Patience, clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            // It is of no use to wait any longer; what is known by now decides.
        }
    }
}

/// <summary>One claim of one worker, as the other workers of the run see it. Safe for concurrent use.</summary>
internal sealed class RunClaim(string worker, long number)
{
    private readonly TaskCompletionSource _signed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _goesOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Worker { get; } = worker;

    public long Number { get; } = number;

    /// <summary>The folder says whose it is, or was given up.</summary>
    public Task Signed => _signed.Task;

    /// <summary>Ends once the claim has met no other name of its directory to which it gives way, or has given up before that.</summary>
    public Task Decided => _goesOn.Task;

    public bool HasGivenUp => _goesOn.Task is { IsCompletedSuccessfully: true } decided && !decided.GetAwaiter().GetResult();

    public void Sign() => _signed.TrySetResult();

    public void GoOn() => _goesOn.TrySetResult(true);

    /// <summary>It has ended: what it has not said by now it gives up.</summary>
    public void End()
    {
        _signed.TrySetResult();
        _goesOn.TrySetResult(false);
    }
}
