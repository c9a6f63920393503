namespace DepSync.Tests.Release;

/// <summary>The rules of a commit as switches, all of them on as DepSync has them. One that is off makes a protocol that loses something, which the model must show.</summary>
internal sealed record FencingRules
{
    /// <summary>Other runs' folders are renamed away.</summary>
    public bool Fences { get; init; } = true;

    /// <summary>They are, before the tree is listed.</summary>
    public bool FencesBeforeListing { get; init; } = true;

    /// <summary>A removal is a rename into the run's own folder, not a plain REMOVE.</summary>
    public bool RemovesByRename { get; init; } = true;

    /// <summary>A refused manager has fenced nobody: the owner is looked at before the fence.</summary>
    public bool LooksBeforeFencing { get; init; } = true;

    /// <summary>owner.json is read again just before the first rename in the live tree.</summary>
    public bool ReadsOwnerAgain { get; init; } = true;

    /// <summary>A takeover reads it again after its fence, before it writes its own.</summary>
    public bool ReadsOwnerBeforeTaking { get; init; } = true;

    /// <summary>A run folder that was fenced away stays until owner.json shows a number that is not below its own.</summary>
    public bool KeepsFencedUntilRecorded { get; init; } = true;

    /// <summary>A number that a fenced-* shows is used up, for one whose MKDIR comes late too.</summary>
    public bool RefusesUsedNumbers { get; init; } = true;

    /// <summary>new/ and old/ are made only once the number has proved to be unused.</summary>
    public bool MakesRoomAfterTheLook { get; init; } = true;

    /// <summary>Before it writes anything that counts, a run reads who signed the folder of its name.</summary>
    public bool ReadsItsSignature { get; init; } = true;

    /// <summary>Manifest and owner.json are staged in new/, which nobody makes in a folder that came late.</summary>
    public bool StagesRecordsInItsRoom { get; init; } = true;

    /// <summary>The look behind a claim lists first and reads the owner then, so that a run that has gone from the one shows in the other.</summary>
    public bool ListsBeforeReadingTheOwner { get; init; } = true;

    /// <summary>A manifest that was read before the claim is believed if it is the one of the run that owner.json names behind it.</summary>
    public bool BelievesTheOwnersManifestAlone { get; init; } = true;

    public static IReadOnlyList<(string Name, FencingRules Rules)> Without { get; } =
    [
        ("no fence", new FencingRules { Fences = false }),
        ("fence after the listing", new FencingRules { FencesBeforeListing = false }),
        ("plain removals", new FencingRules { RemovesByRename = false }),
        ("fence before the refusal", new FencingRules { LooksBeforeFencing = false }),
        ("owner not read again", new FencingRules { ReadsOwnerAgain = false }),
        ("owner not read before it is taken", new FencingRules { ReadsOwnerBeforeTaking = false }),
        ("fenced folders cleared at once", new FencingRules { KeepsFencedUntilRecorded = false }),
        ("used numbers accepted", new FencingRules { RefusesUsedNumbers = false }),
        ("room before the look", new FencingRules { MakesRoomAfterTheLook = false }),
        ("signature not read", new FencingRules { ReadsItsSignature = false }),
        ("records staged beside new/", new FencingRules { StagesRecordsInItsRoom = false }),
        ("owner read before the listing", new FencingRules { ListsBeforeReadingTheOwner = false }),
        ("manifest believed while the owner's number stands", new FencingRules { BelievesTheOwnersManifestAlone = false }),
    ];
}

/// <summary>Who the three runs are: the first manager's, and the second one's, which is killed and starts again.</summary>
internal sealed record FencingCast(string Name, FencingParty First, FencingParty Second, FencingParty Again)
{
    /// <summary>Who owns the worker at the start; null: nobody yet.</summary>
    public FencingParty? Before { get; init; } = new('s', 1, Takes: false);

    public FencingParty Of(int run) => run switch { 1 => First, 2 => Second, _ => Again };

    public override string ToString() => Name;

    private static FencingParty Shared { get; } = new('s', 1, Takes: false);

    private static FencingParty Old { get; } = new('o', 1, Takes: false);

    /// <summary>One state on two machines: only numbers tell the runs apart.</summary>
    public static FencingCast SameId { get; } = new("two managers with one id", Shared, Shared, Shared);

    public static FencingCast Takeover { get; } = new("a takeover", new FencingParty('n', 2, Takes: true), Old, Old) { Before = Old };

    /// <summary>The second one's epoch is the lower one, because it saw less of the first one's takeover.</summary>
    public static FencingCast TwoTakeovers { get; } = new("two takeovers", new FencingParty('n', 3, Takes: true), new FencingParty('m', 2, Takes: true), new FencingParty('m', 2, Takes: true)) { Before = Old };

    public static FencingCast FirstContact { get; } = new("a first contact", new FencingParty('n', 1, Takes: false), Old, Old) { Before = null };

    public static IReadOnlyList<FencingCast> All { get; } = [SameId, Takeover, TwoTakeovers, FirstContact];
}

/// <summary>A run's manager as owner.json tells it.</summary>
internal sealed record FencingParty(char Id, int Epoch, bool Takes);
