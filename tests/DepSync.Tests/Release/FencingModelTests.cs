using CsCheck;

namespace DepSync.Tests.Release;

/// <summary>
/// Proofs over every interleaving of three runs of two managers: each step may come at any time, so that freezes and requests that arrive late are among them, and the second
/// manager may be killed at any step and start again.
/// </summary>
public sealed class FencingModelTests
{
    /// <summary>The whole space, so that a change of the model that makes it explore less is seen.</summary>
    public static TheoryData<string, int> Proofs => new()
    {
        { FencingCast.SameId.Name, 1_737_264 },
        { FencingCast.Takeover.Name, 1_506_488 },
        { FencingCast.TwoTakeovers.Name, 2_257_015 },
        { FencingCast.FirstContact.Name, 1_043_947 },
    };

    /// <summary>A rule that is left out, the managers between whom that loses something, and what breaks first.</summary>
    public static TheoryData<string, string, string> Counterexamples => new()
    {
        { "no fence", FencingCast.SameId.Name, FencingSpec.Alone },
        { "no fence", FencingCast.Takeover.Name, FencingSpec.Order },
        { "fence after the listing", FencingCast.SameId.Name, FencingSpec.Alone },
        { "plain removals", FencingCast.SameId.Name, FencingSpec.Holder },
        { "fence before the refusal", FencingCast.Takeover.Name, FencingSpec.Refused },
        { "owner not read again", FencingCast.SameId.Name, FencingSpec.Holder },
        { "owner not read again", FencingCast.Takeover.Name, FencingSpec.Epoch },
        { "owner not read before it is taken", FencingCast.TwoTakeovers.Name, FencingSpec.Epoch },
        { "owner not read before it is taken", FencingCast.Takeover.Name, FencingSpec.Order },
        { "fenced folders cleared at once", FencingCast.SameId.Name, FencingSpec.Number },
        { "used numbers accepted", FencingCast.SameId.Name, FencingSpec.Number },
        { "room before the look", FencingCast.TwoTakeovers.Name, FencingSpec.Order },
        { "signature not read", FencingCast.SameId.Name, FencingSpec.Holder },
        { "records staged beside new/", FencingCast.SameId.Name, FencingSpec.Mutual },
        { "records staged beside new/", FencingCast.TwoTakeovers.Name, FencingSpec.Epoch },
        { "owner read before the listing", FencingCast.FirstContact.Name, FencingSpec.Number },
        { "manifest believed while the owner's number stands", FencingCast.TwoTakeovers.Name, FencingSpec.Alone },
    };

    [Theory, MemberData(nameof(Proofs))]
    public void Whatever_freezes_dies_and_arrives_late_the_tree_is_one_managers(string cast, int states)
    {
        var report = Spec(new FencingRules(), cast).Exhaustive(out var violation, threads: 2);
        Assert.True(violation is null, violation?.ToString());
        Assert.True(report.Closed);
        Assert.Equal((states, 0), (report.States, report.DeadlockStates));
    }

    [Theory, MemberData(nameof(Counterexamples))]
    public async Task Without_any_one_of_the_rules_something_is_lost_and_the_code_does_not_lose_it(string rule, string cast, string requirement)
    {
        var rules = FencingRules.Without.Single(variant => variant.Name == rule).Rules;
        Spec(rules, cast).Exhaustive(out var violation, threads: 2);
        Assert.Equal(requirement, violation?.Id);
        if (!OperatingSystem.IsWindows())
        {
            var loss = violation!.Trace.Steps.Select(FencingMove.Of);
            Assert.NotNull(await FencingConformance.WalkAsync(loss, FencingCast.All.Single(found => found.Name == cast), new FencingSetting { Rules = rules }));
        }
    }

    [Fact]
    public void Each_rule_is_tried_without() =>
        Assert.Equal(FencingRules.Without.Select(variant => variant.Name).Order(), Counterexamples.Select(row => (string)row[0]).Distinct().Order());

    /// <summary>What sees each fault, in the order in which the model declares them; between them the two see every requirement fail.</summary>
    public static TheoryData<string, string[]> Faults => new()
    {
        {
            FencingCast.Takeover.Name,
            [FencingSpec.Alone, FencingSpec.Mutual, FencingSpec.Holder, FencingSpec.Neither, FencingSpec.Number, FencingSpec.Order, FencingSpec.Refused, FencingSpec.Alone]
        },
        {
            FencingCast.TwoTakeovers.Name,
            [FencingSpec.Alone, FencingSpec.Epoch, FencingSpec.Holder, FencingSpec.Neither, FencingSpec.Number, FencingSpec.Order, FencingSpec.Refused, FencingSpec.Mutual]
        },
    };

    [Theory, MemberData(nameof(Faults))]
    public void The_requirements_are_strong_enough_to_see_each_fault(string cast, string[] requirements)
    {
        var report = Spec(new FencingRules(), cast).Faults(threads: 2, throwOnUncaught: false);
        Assert.Equal(requirements, report.Results.Select(result => result.CaughtBy));
    }

    private static Spec<FencingState> Spec(FencingRules rules, string cast) => FencingSpec.Of(rules, FencingCast.All.Single(found => found.Name == cast));
}
