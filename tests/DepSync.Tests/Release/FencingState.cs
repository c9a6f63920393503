using System.Runtime.CompilerServices;

namespace DepSync.Tests.Release;

/// <summary>Where a run stands: the next thing that it does. What is behind Leave has ended.</summary>
internal enum FencingStep : byte
{
    Look,
    LookAtOwner,
    LookAtManifest,
    Claim,
    Survey,
    CheckHeld,
    Fence,
    MakeRoom,
    ReadBeforeTaking,
    Take,
    Recover,
    List,
    Stage,
    ReadAgain,
    Begin,
    MoveF,
    MoveG,
    EndArrivals,
    MoveD,
    EndMoves,
    PublishManifest,
    PublishOwner,
    Retire,
    Leave,
    DropRefused,
    DropFenced,
    DropGivenUp,
    Done,
    Refused,
    Fenced,
    GivenUp,
    Dead,
}

/// <summary>One run. Masks have a bit a number. Compared as the eight bytes that it is.</summary>
internal record struct FencingRun
{
    public FencingStep Step;

    /// <summary>Until its claim: the highest that it saw.</summary>
    public byte Number;

    /// <summary>run-* still to be renamed away; before that, what the listing showed.</summary>
    public byte Others;

    /// <summary>fenced-* to be rolled forward.</summary>
    public byte Took;

    /// <summary>What is to be moved: bits f, g, d.</summary>
    public byte Plan;

    /// <summary>Paths of which the manifest tells nothing, because a run that was cut off replaced them.</summary>
    public byte Replaced;

    /// <summary>Runs whose records were read: owner in the claim, owner in the first look, manifest; two bits each.</summary>
    public byte Seen;

    public FencingFlags Flags;

    public readonly int SeenOwner => Seen & 3;

    public readonly int LookedAtOwner => (Seen >> 2) & 3;

    public readonly int SeenManifest => (Seen >> 4) & 3;

    public readonly bool Has(FencingFlags flag) => (Flags & flag) != 0;

    public readonly bool HasEnded => Step >= FencingStep.Done;

    /// <summary>Its records are on the worker: it ends well, whatever comes.</summary>
    public readonly bool IsOwner => Step is FencingStep.Retire or FencingStep.Leave or FencingStep.Done;

    public readonly bool Equals(FencingRun other) => Unsafe.BitCast<FencingRun, ulong>(this) == Unsafe.BitCast<FencingRun, ulong>(other);

    public override readonly int GetHashCode() => Unsafe.BitCast<FencingRun, ulong>(this).GetHashCode();
}

[Flags]
internal enum FencingFlags : byte
{
    None = 0,

    /// <summary>The look behind its claim refused nothing.</summary>
    IsAdmitted = 1,

    SecondAttempt = 2,
    HasListed = 4,
    HasReadOwner = 8,

    /// <summary>Its process is gone: what it has sent still arrives.</summary>
    Killed = 16,

    /// <summary>Its folder was renamed away before its records were published.</summary>
    WasFenced = 32,

    /// <summary>It renamed another run's folder away.</summary>
    HasFenced = 64,

    /// <summary>Its first look showed folders of other runs.</summary>
    SawLeftovers = 128,
}

/// <summary>
/// A worker with the files f, g and d, and three runs at it. A file holds a version: 0 what stood there, 1 and 2 what the managers want, 3 nothing, 4 what no manager wants there.
/// </summary>
internal record struct FencingState
{
    public FencingRun First;
    public FencingRun Second;
    public FencingRun Again;

    /// <summary>Three bits a file.</summary>
    public ushort Live;

    /// <summary>The counters of both managers' states, four bits each.</summary>
    public byte Counters;

    /// <summary>Runs: whose owner.json, whose manifest, and who was the last to begin a commit; two bits each.</summary>
    public byte Records;

    /// <summary>run-N: four bits a number.</summary>
    public uint Runs;

    /// <summary>fenced-N: likewise.</summary>
    public uint Fenced;

    public readonly int Owner => Records & 3;

    public readonly int Manifest => (Records >> 2) & 3;

    public readonly int LastToBegin => (Records >> 4) & 3;

    public readonly FencingRun Of(int run) => run switch { 1 => First, 2 => Second, _ => Again };

    public readonly FencingState With(int run, FencingRun now) => run switch { 1 => this with { First = now }, 2 => this with { Second = now }, _ => this with { Again = now } };

    public readonly int File(int index) => (Live >> (3 * index)) & 7;

    public readonly FencingState WithFile(int index, int version) => this with { Live = (ushort)((Live & ~(7 << (3 * index))) | (version << (3 * index))) };

    public readonly FencingFolder Run(int number) => new((byte)((Runs >> (4 * number)) & 15));

    public readonly FencingFolder FencedAway(int number) => new((byte)((Fenced >> (4 * number)) & 15));

    public readonly FencingState WithRun(int number, FencingFolder folder) => this with { Runs = (Runs & ~(15u << (4 * number))) | ((uint)folder.Bits << (4 * number)) };

    public readonly FencingState WithFenced(int number, FencingFolder folder) => this with { Fenced = (Fenced & ~(15u << (4 * number))) | ((uint)folder.Bits << (4 * number)) };

    public readonly bool Equals(FencingState other) =>
        First.Equals(other.First) && Second.Equals(other.Second) && Again.Equals(other.Again) && Live == other.Live && Counters == other.Counters && Records == other.Records
        && Runs == other.Runs && Fenced == other.Fenced;

    public override readonly int GetHashCode() =>
        HashCode.Combine(First.GetHashCode(), Second.GetHashCode(), Again.GetHashCode(), Live | (Counters << 16) | (Records << 24), Runs, Fenced);

    public override readonly string ToString() => FencingText.Of(this);
}

/// <summary>A run folder: who made it (0: there is none), whether it has new/ and old/, and whether they hold something.</summary>
internal readonly record struct FencingFolder(byte Bits)
{
    public static FencingFolder None => default;

    public int Maker => Bits & 3;

    public bool Exists => Maker != 0;

    public bool HasRoom => (Bits & 4) != 0;

    public bool IsStaged => (Bits & 8) != 0;

    public static FencingFolder Of(int maker) => new((byte)maker);

    public FencingFolder WithRoom() => new((byte)(Bits | 4));

    public FencingFolder WithoutStaged() => new((byte)(Bits & ~8));

    public FencingFolder WithStaged() => new((byte)(Bits | 8));
}

/// <summary>A state as a line of a counterexample.</summary>
internal static class FencingText
{
    private static readonly string[] Versions = ["0", "A", "B", "-", "?"];
    private static readonly string[] Who = ["before", "A", "B", "B again"];

    public static string Of(FencingState state)
    {
        var live = string.Concat(Enumerable.Range(0, 3).Select(index => Versions[state.File(index)]));
        var runs = string.Join(' ', Enumerable.Range(1, 7).Where(n => state.Run(n).Exists).Select(n => $"run-{n}({Who[state.Run(n).Maker]})"));
        var fenced = string.Join(' ', Enumerable.Range(1, 7).Where(n => state.FencedAway(n).Exists).Select(n => $"fenced-{n}({Who[state.FencedAway(n).Maker]})"));
        var all = string.Join(' ', Enumerable.Range(1, 3).Select(run => $"{Who[run]}:{state.Of(run).Step}#{state.Of(run).Number}"));
        return $"fgd={live} owner={Who[state.Owner]} manifest={Who[state.Manifest]} {runs} {fenced} {all}";
    }
}
