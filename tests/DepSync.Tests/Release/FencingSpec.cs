using CsCheck;

namespace DepSync.Tests.Release;

/// <summary>The model with what must hold in it, each rule in the words of the docs, and with faults that show that each rule can fail.</summary>
internal static class FencingSpec
{
    public const string Alone = "ALONE";
    public const string Holder = "HOLDER";
    public const string Neither = "NEITHER";
    public const string Number = "NUMBER";
    public const string Order = "ORDER";
    public const string Epoch = "EPOCH";
    public const string Refused = "REFUSED";
    public const string Mutual = "MUTUAL";

    public static readonly int[] Runs = [1, 2, 3];

    /// <summary>In the order in which they are declared to the model checker.</summary>
    public static IReadOnlyList<FencingAction> Actions { get; } =
    [
        .. Enum.GetValues<FencingStep>().Where(step => step < FencingStep.Done && step != FencingStep.Survey)
            .Select(step => new FencingAction(step.ToString(), (_, state, run) => FencingModel.CanStep(state, run, step), (model, state, run) => model.Step(state, run))),
        new("Lists", (_, state, run) => FencingModel.CanList(state, run), (model, state, run) => model.ListFolder(state, run)),
        new("ReadsOwner", (model, state, run) => model.CanReadOwner(state, run), (model, state, run) => model.ReadOwner(state, run)),
        new(FencingAction.GivesUp, (_, state, run) => FencingModel.CanStep(state, run, FencingStep.Stage), (_, state, run) => FencingModel.GiveUp(state, run)),
    ];

    public static Spec<FencingState> Of(FencingRules rules, FencingCast cast)
    {
        var model = new FencingModel(rules, cast);
        var spec = Spec.From(FencingModel.Start).Terminal(state => Runs.All(run => state.Of(run).HasEnded || (run == 3 && state.Second.Step == FencingStep.Look)));
        foreach (var action in Actions)
        {
            // On random walks a run seldom begins, so that the others come far before it kills one of them.
            spec = spec.Action(action.Name, Runs, (state, run) => action.CanDo(model, state, run), (state, run) => action.Do(model, state, run), action.Name is "Look" or FencingAction.GivesUp ? 1 : 4);
        }
        return WithFaults(WithRequirements(spec, model));
    }

    private static Spec<FencingState> WithRequirements(Spec<FencingState> spec, FencingModel model) => spec
        .Invariant(Alone, "when a manager has finished as owner, the tree is that manager's alone, whatever of the others arrives",
            state => state.LastToBegin == 0 || !state.Of(state.LastToBegin).IsOwner || Enumerable.Range(0, 3).All(file => state.File(file) == FencingModel.Wanted(state.LastToBegin, file)))
        .Never(Holder, "a live file is moved only by the run whose own folder stands",
            (before, after) => before.Live != after.Live && Actor(before, after) is var run && before.Run(before.Of(run).Number).Maker != run)
        .Invariant(Neither, "never a live file that is neither manager's", state => Enumerable.Range(0, 3).All(file => state.File(file) != 4))
        .Never(Number, "a run number is never used again",
            (before, after) => Runs.Any(run => IsAdmitted(after, run) && !IsAdmitted(before, run) && Runs.Any(other => other != run && IsAdmitted(after, other)
                && after.Of(other).Number == after.Of(run).Number && !HasGivenUp(after.Of(other)))))
        .Never(Order, "the number in owner.json never goes back", (before, after) => NumberOf(after) < NumberOf(before))
        .Never(Epoch, "a lower epoch never overwrites a higher", (before, after) => model.EpochOf(after.Owner) < model.EpochOf(before.Owner))
        .Invariant(Refused, "a manager refused with 41 fenced nobody",
            state => Runs.All(run => state.Of(run).Step is not (FencingStep.DropRefused or FencingStep.Refused) || !state.Of(run).Has(FencingFlags.HasFenced)))
        .Invariant(Mutual, "two that fence each other both end with 41",
            state => Runs.All(run => !state.Of(run).Has(FencingFlags.WasFenced) || !state.Of(run).IsOwner))
        .Reachable("BOTH-FENCED", "two that fence each other", state => state.First.Has(FencingFlags.WasFenced) && state.Second.Has(FencingFlags.WasFenced))
        .Reachable("LATE-MOVE", "requests of a fenced run arrive after another one has finished",
            state => state.Second is { Step: FencingStep.MoveF or FencingStep.MoveG or FencingStep.MoveD, Flags: var flags } && (flags & FencingFlags.WasFenced) != 0 && state.First.Step == FencingStep.Done);

    private static Spec<FencingState> WithFaults(Spec<FencingState> spec) => spec
        .Fault("a commit leaves a file out", nameof(FencingStep.MoveG), (before, after) => after.WithFile(1, before.File(1)))
        .Fault("a fence is only thought of", nameof(FencingStep.Fence), (before, after) => after with { Runs = before.Runs })
        .Fault("a rename is retried by path after its folder went", nameof(FencingStep.MoveD), (before, after) => before.Live == after.Live ? after.WithFile(2, 3) : after)
        .Fault("a staged file of another one is moved", nameof(FencingStep.MoveF), (_, after) => after.WithFile(0, 4))
        .Fault("the counter is not raised", nameof(FencingStep.Claim), (before, after) => before.Runs != after.Runs && Actor(before, after) == 1 && before.Second.Number > 0,
            (before, after) => after.With(1, after.First with { Number = before.Second.Number }))
        .Fault("owner.json is put back", nameof(FencingStep.PublishOwner), (before, after) => after with { Records = (byte)((after.Records & ~3) | (before.Owner == 0 ? after.Owner : 0)) })
        .Fault("a refusal comes after the fence", nameof(FencingStep.DropRefused),
            (before, after) => after.With(Actor(before, after), after.Of(Actor(before, after)) with { Flags = after.Of(Actor(before, after)).Flags | FencingFlags.HasFenced }))
        .Fault("a run that finds its folder gone ends well", nameof(FencingStep.EndMoves), (before, after) => Actor(before, after) is > 0 and var run && after.Of(run).Step == FencingStep.Fenced,
            (before, after) => after.With(Actor(before, after), after.Of(Actor(before, after)) with { Step = FencingStep.Done }));

    private static bool IsAdmitted(FencingState state, int run) => state.Of(run).Has(FencingFlags.IsAdmitted);

    /// <summary>It removed its own folder when everything that it had sent was answered: nothing under its number is under way any more.</summary>
    private static bool HasGivenUp(FencingRun run) => run.Step == FencingStep.GivenUp || (run.Step == FencingStep.Fenced && !run.Has(FencingFlags.WasFenced));

    private static int Actor(FencingState before, FencingState after) => Array.Find(Runs, run => before.Of(run).Step != after.Of(run).Step);

    private static int NumberOf(FencingState state) => state.Owner == 0 ? 0 : state.Of(state.Owner).Number;
}

/// <summary>What a run may do next: whether it can, and what that makes of a state.</summary>
internal sealed record FencingAction(string Name, Func<FencingModel, FencingState, int, bool> CanDo, Func<FencingModel, FencingState, int, FencingState> Do)
{
    /// <summary>Of a run that is cancelled, or refused by a guard, before its commit.</summary>
    public const string GivesUp = "GivesUp";
}
