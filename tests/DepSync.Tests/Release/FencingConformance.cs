using System.Runtime.Versioning;
using CsCheck;
using DepSync.Model;

namespace DepSync.Tests.Release;

/// <summary>
/// The model and the real code in lock-step: a step of the model is that of the real run which stands at the first call of the step, up to the first call of its next one. Behind
/// each, the worker must be as the model has it, and the run must stand where the model says, or have ended as it says.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class FencingConformance(FencingSources sources, FencingCast cast, FencingSetting setting) : IDisposable
{
    private readonly FencingModel _model = new(setting.Rules, cast);
    private readonly FencingView _view = new(cast);
    private readonly FencingWorld _world = new(sources, cast, setting.OverSftp);

    /// <summary>Does a step; what then differs, or null.</summary>
    public string? Apply(FencingMove move)
    {
        // One that is killed does all of the step that it had sent, and is then let go on no more.
        var alive = move.Before.Of(move.Run);
        alive.Flags &= ~FencingFlags.Killed;
        var next = move.Action.Do(_model, move.Before.With(move.Run, alive), move.Run).Of(move.Run);
        var stopsAt = FencingCalls.BeginOf(next, _view.NumberOf(next));
        if (alive.Step == FencingStep.Look)
        {
            _world.Begin(move.Run, FencingCalls.BeginOf(alive, 0));
        }
        if (move.Action.Name == FencingAction.GivesUp)
        {
            _world.Of(move.Run).Cancel();
        }
        var run = _world.Of(move.Run);
        var hasNoCalls = alive.Step == FencingStep.Recover && FencingCalls.BeginOf(alive with { Step = FencingStep.List }, 0)(run.Next!);
        if (!hasNoCalls)
        {
            run.GoOn(stopsAt);
        }
        var calls = hasNoCalls ? [] : run.Calls;
        return (Difference(run, next, stopsAt) ?? Difference(move, calls)) is { } difference ? $"{difference}\n    it called {string.Join(", ", calls)}" : null;
    }

    /// <summary>Goes a walk from the start; null when nothing differs.</summary>
    public static FencingDifference? Walk(IEnumerable<FencingMove> walk, Func<FencingConformance> begin)
    {
        using var conformance = begin();
        var gone = new List<FencingMove>();
        foreach (var move in walk)
        {
            gone.Add(move);
            if (conformance.Apply(move) is { } difference)
            {
                return new FencingDifference(move, $"{difference}\n{string.Join('\n', gone)}");
            }
        }
        return null;
    }

    /// <summary>The same, at a worker of its own.</summary>
    public static async Task<FencingDifference?> WalkAsync(IEnumerable<FencingMove> walk, FencingCast cast, FencingSetting setting)
    {
        using var sources = await FencingSources.CreateAsync(cast);
        return Walk(walk, () => new FencingConformance(sources, cast, setting));
    }

    public void Dispose() => _world.Dispose();

    private string? Difference(FencingMove move, IReadOnlyList<string> calls)
    {
        var expected = _view.Expected(move.After);
        // Where nothing was called that changes something, and nothing should have changed, the worker is what it was behind the last step.
        if (expected == _view.Expected(move.Before) && !calls.Any(FencingCalls.IsChange))
        {
            return null;
        }
        var observed = FencingView.Observed(_world);
        return expected == observed ? null : $"the model has   {expected}\n    the worker has  {observed}";
    }

    private static string? Difference(SteppedRun run, FencingRun next, Func<string, bool> stopsAt)
    {
        if (!next.HasEnded)
        {
            return run.Next is { } found && stopsAt(found) ? null : $"the model goes on with {next.Step}, and the run {(run.Next is { } other ? $"with {other}" : $"ended with {run.Result}")}";
        }
        var isAsExpected = (next.Step, run.Result) switch
        {
            (_, null) => false,
            (FencingStep.Done, { Error: null, Status: WorkerStatus.Synced or WorkerStatus.Unchanged }) => true,
            (FencingStep.Refused or FencingStep.Fenced, { Error.Kind: ErrorKind.Fenced }) => true,
            (FencingStep.GivenUp, { Error.Kind: ErrorKind.Interrupted } or { Error: null, Status: WorkerStatus.Unchanged }) => true,
            _ => false,
        };
        return isAsExpected ? null : $"the model ends with {next.Step}, and the run {(run.Next is { } call ? $"goes on with {call}" : $"ended with {run.Result}")}";
    }
}

/// <summary>The step behind which model and code differ, and how, with the walk up to there.</summary>
internal sealed record FencingDifference(FencingMove At, string Text);

/// <summary>What a model is compared with, or how.</summary>
internal sealed record FencingSetting
{
    /// <summary>The model's; the code has all of them.</summary>
    public FencingRules Rules { get; init; } = new();

    /// <summary>The worker is reached through OpenSSH's sftp-server, not as a folder of this machine.</summary>
    public bool OverSftp { get; init; }
}

/// <summary>One step of the model.</summary>
internal sealed record FencingMove(FencingAction Action, int Run, FencingState Before, FencingState After)
{
    public static FencingMove Of(Transition<FencingState> step) => new(FencingSpec.Actions[step.ActionIndex], FencingSpec.Runs[step.ArgIndex], step.Before, step.After);

    public override string ToString() => $"{Action.Name}({Run})\n         {After}";
}
