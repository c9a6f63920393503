using System.Runtime.Versioning;
using CsCheck;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>
/// What the model proves holds of the code as far as the code does what the model does: real runs at a real worker, each of which goes on when the model says, and after each step of
/// the model the worker, the runs' next calls and their ends compared with it.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class FencingConformTests
{
    /// <summary>With DEPSYNC_EVERY_FAULT=1 every order of two runs, and ten thousand walks of three: some minutes. Else what takes some seconds.</summary>
    private static readonly bool IsThorough = Environment.GetEnvironmentVariable("DEPSYNC_EVERY_FAULT") == "1";

    public static TheoryData<string> Casts => [.. FencingCast.All.Select(cast => cast.Name)];

    /// <summary>Three runs, the last one of them again by the second manager once its first run is killed or has ended; any run may freeze anywhere or give up.</summary>
    [NeedsTheory("rm"), MemberData(nameof(Casts))]
    public async Task The_code_conforms_to_the_model_on_random_walks(string cast) => await ConformAsync(cast, overSftp: false, IsThorough ? 2500 : 60);

    [NeedsTheory("rm", "setpriv"), MemberData(nameof(Casts))]
    public async Task The_code_conforms_to_the_model_over_SFTP(string cast) => await ConformAsync(cast, overSftp: true, IsThorough ? 200 : 10);

    /// <summary>Which runs, how many turns they take, and how many steps that are.</summary>
    public static TheoryData<string, int[], int?, int> Scopes => IsThorough
        ? new()
        {
            { FencingCast.SameId.Name, [1, 2], null, 10_444 },
            { FencingCast.SameId.Name, [2, 3], null, 1_382 },
            { FencingCast.Takeover.Name, [1, 2], null, 9_904 },
            { FencingCast.TwoTakeovers.Name, [1, 2], null, 13_747 },
            { FencingCast.TwoTakeovers.Name, [2, 3], null, 1_687 },
            { FencingCast.FirstContact.Name, [1, 2], null, 8_345 },
        }
        : new()
        {
            { FencingCast.SameId.Name, [1, 2], 2, 5_188 },
            { FencingCast.Takeover.Name, [1, 2], 1, 959 },
            { FencingCast.TwoTakeovers.Name, [1, 2], 1, 1_130 },
            { FencingCast.TwoTakeovers.Name, [2, 3], 1, 571 },
            { FencingCast.FirstContact.Name, [1, 2], 1, 1_053 },
        };

    /// <summary>
    /// Every step that the runs can do, in every order, or in every order in which they take so many turns. A walk goes many steps that none before it went, so there are some
    /// hundreds of them where CsCheck's own ConformExhaustive, with a walk for each step, would need ten thousand.
    /// </summary>
    [NeedsTheory("rm"), MemberData(nameof(Scopes))]
    public async Task The_code_conforms_to_the_model_in_every_order(string cast, int[] runs, int? turns, int steps)
    {
        var named = FencingCast.All.Single(found => found.Name == cast);
        using var sources = await FencingSources.CreateAsync(named);
        var graph = FencingGraph.Of(new FencingModel(new FencingRules(), named), runs, turns);
        foreach (var walk in graph.Walks())
        {
            if (FencingConformance.Walk(walk, Begin) is { } found)
            {
                Assert.Fail((FencingConformance.Walk(graph.ShortestTo(found.At), Begin) ?? found).Text);
            }
        }
        Assert.Equal(steps, graph.Steps);

        FencingConformance Begin() => new(sources, named, new FencingSetting());
    }

    private static async Task ConformAsync(string name, bool overSftp, int walks)
    {
        var cast = FencingCast.All.Single(found => found.Name == name);
        using var sources = await FencingSources.CreateAsync(cast);
        FencingConformance? last = null;
        try
        {
            FencingSpec.Of(new FencingRules(), cast).Conform(
                () =>
                {
                    last?.Dispose();
                    return last = new FencingConformance(sources, cast, new FencingSetting { OverSftp = overSftp });
                },
                (conformance, step) => conformance.Apply(FencingMove.Of(step)),
                minSteps: 40,
                maxSteps: 110,
                iter: walks,
                threads: 1);
        }
        finally
        {
            last?.Dispose();
        }
    }
}
