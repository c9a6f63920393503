namespace DepSync.Tests.Release;

/// <summary>
/// What each step of a run does to a worker. A run that is frozen is one whose next step comes late; so is a request that was sent and arrives after others have finished. The
/// steps of one step name are carried out by the worker in one piece. Pure.
/// </summary>
internal sealed class FencingModel(FencingRules rules, FencingCast cast)
{
    private const int Numbers = 7;

    public static FencingState Start { get; }

    /// <summary>Whether a run may do that next: one that is killed does only what it had sent; the second manager starts again once its first run has ended or is killed.</summary>
    public static bool CanList(FencingState state, int run) => CanStep(state, run, FencingStep.Survey) && !state.Of(run).Has(FencingFlags.HasListed);

    public bool CanReadOwner(FencingState state, int run) =>
        CanStep(state, run, FencingStep.Survey) && !state.Of(run).Has(FencingFlags.HasReadOwner) && (state.Of(run).Has(FencingFlags.HasListed) || !rules.ListsBeforeReadingTheOwner);

    public static bool CanStep(FencingState state, int run, FencingStep step)
    {
        var now = state.Of(run);
        return now.Step == step && !now.HasEnded && (run != 3 || step != FencingStep.Look || state.Second.Step != FencingStep.Look);
    }

    public FencingState Step(FencingState state, int run)
    {
        var now = state.Of(run);
        var after = now.Step switch
        {
            FencingStep.Look => Look(state, run),
            FencingStep.LookAtOwner => LookAtOwner(state, run),
            FencingStep.LookAtManifest => LookAtManifest(state, run),
            FencingStep.Claim => Claim(state, run),
            FencingStep.CheckHeld => state.Run(now.Number).Exists ? Next(state, run) : To(state, run, FencingStep.DropFenced),
            FencingStep.Fence => Fence(state, run),
            FencingStep.MakeRoom => state.Run(now.Number) is { Exists: true } own ? Next(state.WithRun(now.Number, own.WithRoom()), run) : To(state, run, FencingStep.DropFenced),
            FencingStep.ReadBeforeTaking => IsRefused(state, run, state.Owner) || !IsSigned(state, run) ? To(state, run, FencingStep.DropFenced) : Next(state, run),
            FencingStep.Take => CanPublish(state, run) ? Next(WithOwner(state, run), run) : To(state, run, FencingStep.DropFenced),
            FencingStep.Recover => Recover(state, run),
            FencingStep.List => List(state, run),
            FencingStep.Stage => state.Run(now.Number) is { HasRoom: true } own ? Next(state.WithRun(now.Number, own.WithStaged()), run) : To(state, run, FencingStep.DropFenced),
            FencingStep.ReadAgain => IsRefused(state, run, state.Owner) || !IsSigned(state, run) ? To(state, run, FencingStep.DropFenced) : Next(state, run),
            FencingStep.Begin => state.Run(now.Number).HasRoom ? Next(WithLast(state, run), run) : To(state, run, FencingStep.DropFenced),
            FencingStep.MoveF => Next(Move(state, run, 0), run),
            FencingStep.MoveG => Next(Move(state, run, 1), run),
            FencingStep.MoveD => Next(Move(state, run, 2), run),
            FencingStep.EndArrivals or FencingStep.EndMoves => state.Run(now.Number).HasRoom ? Next(state, run) : To(state, run, FencingStep.Fenced),
            FencingStep.PublishManifest => CanPublish(state, run) ? Next(state with { Records = (byte)((state.Records & ~12) | (run << 2)) }, run) : To(state, run, FencingStep.Fenced),
            FencingStep.PublishOwner => CanPublish(state, run) ? Next(WithOwner(state, run), run) : To(state, run, FencingStep.Fenced),
            FencingStep.Retire => Next(PutAway(ClearFenced(state, run, below: now.Number), run), run),
            FencingStep.Leave => To(state.WithRun(now.Number, FencingFolder.None), run, FencingStep.Done),
            FencingStep.DropRefused => To(state.WithRun(now.Number, FencingFolder.None), run, FencingStep.Refused),
            FencingStep.DropFenced => To(state.WithRun(now.Number, FencingFolder.None), run, FencingStep.Fenced),
            FencingStep.DropGivenUp => To(state.WithRun(now.Number, FencingFolder.None), run, FencingStep.GivenUp),
            _ => throw new InvalidOperationException($"{now.Step} is no step"),
        };
        return Arrived(after, run, now.Step);
    }

    /// <summary>One listing of .depsync/: what stands beside ours.</summary>
    public FencingState ListFolder(FencingState state, int run)
    {
        var now = state.Of(run);
        return Arrived(Settle(state.With(run, now with { Others = Mask(state.Runs, now.Number), Took = Mask(state.Fenced, 0), Flags = now.Flags | FencingFlags.HasListed }), run), run, now.Step);
    }

    /// <summary>Before or after the listing: over SFTP both are under way at once, and what was opened is read as it was.</summary>
    public FencingState ReadOwner(FencingState state, int run)
    {
        var now = state.Of(run);
        return Arrived(Settle(state.With(run, now with { Seen = (byte)((now.Seen & ~3) | state.Owner), Flags = now.Flags | FencingFlags.HasReadOwner }), run), run, now.Step);
    }

    /// <summary>A guard refuses, or it is cancelled, after the claim and before the commit.</summary>
    public static FencingState GiveUp(FencingState state, int run) => Arrived(To(state, run, FencingStep.DropGivenUp), run, state.Of(run).Step);

    public static int Wanted(int run, int file) => run switch
    {
        0 => 0,
        1 => file switch { 0 => 1, 1 => 0, _ => 3 },
        _ => file == 1 ? 2 : 0,
    };

    public int EpochOf(int run) => run == 0 ? cast.Before?.Epoch ?? 0 : cast.Of(run).Epoch;

    /// <summary>The second manager starts again when its first run has ended, or is killed by that.</summary>
    private FencingState Look(FencingState state, int run)
    {
        var second = state.Second;
        if (run == 3 && !second.HasEnded)
        {
            state = state with { Second = second with { Flags = second.Flags | FencingFlags.Killed } };
        }
        var now = state.Of(run) with { Number = (byte)Math.Max(Highest(state.Runs), Highest(state.Fenced)) };
        now.Flags |= now.Number != 0 ? FencingFlags.SawLeftovers : FencingFlags.None;
        return Next(state.With(run, now), run);
    }

    private FencingState LookAtOwner(FencingState state, int run)
    {
        var now = state.Of(run) with { Number = (byte)Math.Max(state.Of(run).Number, NumberOf(state, state.Owner)), Seen = (byte)(state.Owner << 2) };
        return IsForeign(run, state.Owner) && !cast.Of(run).Takes ? To(state, run, FencingStep.Refused) : Next(state.With(run, now), run);
    }

    /// <summary>And at the tree: where nothing differs it claims nothing.</summary>
    private FencingState LookAtManifest(FencingState state, int run)
    {
        var now = state.Of(run);
        now.Seen |= (byte)(state.Manifest << 4);
        now.Number = (byte)Math.Max(now.Number, NumberOf(state, state.Manifest));
        state = state.With(run, now);
        var (plan, isRecorded) = Compare(state, run);
        var owner = now.LookedAtOwner == 0 ? cast.Before : cast.Of(now.LookedAtOwner);
        return plan == 0 && isRecorded && !now.Has(FencingFlags.SawLeftovers) && owner?.Id == cast.Of(run).Id && !cast.Of(run).Takes
            ? To(state, run, FencingStep.GivenUp)
            : Numbered(To(state, run, FencingStep.Claim), run, run == 1 ? state.Counters & 15 : state.Counters >> 4);
    }

    /// <summary>1 + the highest of what it saw and of its manager's counter, which is raised before the MKDIR is sent.</summary>
    private static FencingState Numbered(FencingState state, int run, int known)
    {
        var number = Math.Max(known, state.Of(run).Number) + 1;
        if (number > Numbers)
        {
            throw new InvalidOperationException("the model has too few numbers");
        }
        var counter = Math.Max(number, run == 1 ? state.Counters & 15 : state.Counters >> 4);
        var counters = run == 1 ? (state.Counters & 0xF0) | counter : (state.Counters & 15) | (counter << 4);
        return (state with { Counters = (byte)counters }).With(run, state.Of(run) with { Number = (byte)number });
    }

    private FencingState Claim(FencingState state, int run)
    {
        var now = state.Of(run);
        if (!state.Run(now.Number).Exists)
        {
            return Next(state.WithRun(now.Number, FencingFolder.Of(run)), run);
        }
        return now.Has(FencingFlags.SecondAttempt)
            ? To(state, run, FencingStep.Fenced)
            : Numbered(state.With(run, now with { Flags = now.Flags | FencingFlags.SecondAttempt }), run, HighestShown(state));
    }

    private FencingState Settle(FencingState state, int run)
    {
        var now = state.Of(run);
        if (!now.Has(FencingFlags.HasListed) || !now.Has(FencingFlags.HasReadOwner))
        {
            return state;
        }
        var isUsed = rules.RefusesUsedNumbers && (now.Took >> now.Number) != 0;
        return rules.LooksBeforeFencing && (IsRefused(state, run, now.SeenOwner) || isUsed)
            ? To(state, run, FencingStep.DropRefused)
            : Next(state.With(run, now with { Flags = now.Flags | FencingFlags.IsAdmitted }), run);
    }

    private FencingState Fence(FencingState state, int run)
    {
        var now = state.Of(run);
        var other = System.Numerics.BitOperations.TrailingZeroCount(now.Others);
        var folder = state.Run(other);
        now = now with { Others = (byte)(now.Others & ~(1 << other)), Took = (byte)(now.Took | (1 << other)) };
        if (folder.Exists)
        {
            now.Flags |= FencingFlags.HasFenced;
            var maker = state.Of(folder.Maker);
            state = state.With(folder.Maker, maker.IsOwner ? maker : maker with { Flags = maker.Flags | FencingFlags.WasFenced });
            // Where fenced-N stands already, run-N is an empty one that came late, and goes into our own folder.
            state = state.FencedAway(other).Exists ? state : state.WithFenced(other, folder);
            state = state.WithRun(other, FencingFolder.None);
        }
        state = state.With(run, now);
        if (now.Others != 0)
        {
            return state;
        }
        return !rules.LooksBeforeFencing && IsRefused(state, run, now.SeenOwner) ? To(state, run, FencingStep.DropRefused) : Next(state, run);
    }

    /// <summary>Reads the journals of what was fenced away, and the manifest again if another run was here since the first look.</summary>
    private FencingState Recover(FencingState state, int run)
    {
        var now = state.Of(run);
        var wasShared = now.Took != 0 || now.Has(FencingFlags.SawLeftovers) || now.SeenOwner != now.LookedAtOwner;
        if (wasShared || (rules.BelievesTheOwnersManifestAlone && now.SeenManifest != now.SeenOwner))
        {
            var replaced = 0;
            for (var number = 1; number <= Numbers; number++)
            {
                if ((now.Took & (1 << number)) != 0 && state.FencedAway(number) is { IsStaged: true } folder)
                {
                    replaced |= state.Of(folder.Maker).Plan;
                }
            }
            state = state.With(run, now with { Replaced = (byte)replaced, Seen = (byte)((now.Seen & 15) | (state.Manifest << 4)) });
        }
        return Next(rules.KeepsFencedUntilRecorded ? state : ClearFenced(state, run, below: Numbers + 1), run);
    }

    private FencingState List(FencingState state, int run)
    {
        var (plan, isRecorded) = Compare(state, run);
        var now = state.Of(run) with { Plan = (byte)plan };
        state = state.With(run, now);
        var hasOwner = now.SeenOwner != 0 || cast.Before is not null;
        var leavesNoTrace = plan == 0 && isRecorded && hasOwner && (now.Took == 0 || !rules.KeepsFencedUntilRecorded);
        return leavesNoTrace ? To(state, run, FencingStep.DropGivenUp) : Next(state, run);
    }

    /// <summary>
    /// What is to be moved, and whether the manifest tells of nothing else. All versions of a file have one size and one second here, so that the manifest alone tells them apart
    /// where it is believed.
    /// </summary>
    private (int Plan, bool IsRecorded) Compare(FencingState state, int run)
    {
        var now = state.Of(run);
        var (plan, isRecorded) = (0, now.Replaced == 0);
        for (var file = 0; file < 3; file++)
        {
            var recorded = now.SeenManifest == 0 && cast.Before is null ? 3 : Wanted(now.SeenManifest, file);
            var isBelieved = recorded != 3 && state.File(file) != 3 && (now.Replaced & (1 << file)) == 0;
            var holds = isBelieved ? recorded : state.File(file);
            plan |= holds == Wanted(run, file) ? 0 : 1 << file;
            isRecorded &= recorded == Wanted(run, file);
        }
        return (plan, isRecorded);
    }

    /// <summary>One rename out of new/ or into old/; it finds nothing when no folder of that name stands, or takes what another run has there.</summary>
    private FencingState Move(FencingState state, int run, int file)
    {
        var folder = state.Run(state.Of(run).Number);
        if (Wanted(run, file) == 3)
        {
            return folder.HasRoom || !rules.RemovesByRename ? state.WithFile(file, 3) : state;
        }
        return !folder.IsStaged ? state : state.WithFile(file, folder.Maker == run ? Wanted(run, file) : 4);
    }

    /// <summary>What it replaced or took out becomes a generation, and the journal goes with it.</summary>
    private static FencingState PutAway(FencingState state, int run)
    {
        var now = state.Of(run);
        var addsAlone = now.Plan == 4 && Wanted(run, 2) != 3;
        return addsAlone || !state.Run(now.Number).Exists ? state : state.WithRun(now.Number, state.Run(now.Number).WithoutStaged());
    }

    private static FencingState ClearFenced(FencingState state, int run, int below)
    {
        for (var number = 1; number < below && number <= Numbers; number++)
        {
            if ((state.Of(run).Took & (1 << number)) != 0)
            {
                state = state.WithFenced(number, FencingFolder.None);
            }
        }
        return state;
    }

    private bool IsForeign(int run, int owner)
    {
        var (mine, before) = (cast.Of(run), cast.Before);
        var his = owner == 0 ? before : cast.Of(owner);
        return his is not null && (his.Epoch > mine.Epoch || (his.Id != mine.Id && !mine.Takes));
    }

    private bool IsRefused(FencingState state, int run, int owner) => IsForeign(run, owner) || (owner != run && NumberOf(state, owner) >= state.Of(run).Number);

    private static int NumberOf(FencingState state, int run) => run == 0 ? 0 : state.Of(run).Number;

    private static int HighestShown(FencingState state) => Math.Max(NumberOf(state, state.Owner), Math.Max(Highest(state.Runs), Highest(state.Fenced)));

    private bool IsSigned(FencingState state, int run) => !rules.ReadsItsSignature || state.Run(state.Of(run).Number).Maker == run;

    /// <summary>A record is staged and renamed: in new/, or in a folder of that name, whoever made it.</summary>
    private bool CanPublish(FencingState state, int run) =>
        rules.StagesRecordsInItsRoom ? state.Run(state.Of(run).Number).HasRoom : state.Run(state.Of(run).Number).Exists;

    private static FencingState WithOwner(FencingState state, int run) => state with { Records = (byte)((state.Records & ~3) | run) };

    private static FencingState WithLast(FencingState state, int run) => state with { Records = (byte)((state.Records & ~48) | (run << 4)) };

    private static FencingState To(FencingState state, int run, FencingStep step) => state.With(run, state.Of(run) with { Step = step });

    private FencingState Next(FencingState state, int run)
    {
        var now = state.Of(run);
        var order = Order(run);
        for (var i = Array.IndexOf(order, now.Step) + 1; ; i++)
        {
            var isIdle = order[i] switch
            {
                FencingStep.CheckHeld or FencingStep.Fence => now.Others == 0,
                FencingStep.MoveF => (now.Plan & 1) == 0,
                FencingStep.MoveG => (now.Plan & 2) == 0,
                FencingStep.EndArrivals => (now.Plan & 3) == 0 || (now.Plan & 4) == 0 || Wanted(run, 2) != 3,
                FencingStep.MoveD => (now.Plan & 4) == 0,
                _ => false,
            };
            if (!isIdle)
            {
                return To(state, run, order[i]);
            }
        }
    }

    private readonly FencingStep[] _first = Build(rules, cast.First);
    private readonly FencingStep[] _second = Build(rules, cast.Second);
    private readonly FencingStep[] _again = Build(rules, cast.Again);

    private static byte Mask(uint folders, int except)
    {
        var mask = 0;
        for (var number = 1; number <= Numbers; number++)
        {
            mask |= number != except && ((folders >> (4 * number)) & 3) != 0 ? 1 << number : 0;
        }
        return (byte)mask;
    }

    private static int Highest(uint folders) => (31 - System.Numerics.BitOperations.LeadingZeroCount(folders)) / 4;

    private FencingStep[] Order(int run) => run switch { 1 => _first, 2 => _second, _ => _again };

    private static FencingStep[] Build(FencingRules rules, FencingParty party)
    {
        var order = new List<FencingStep> { FencingStep.Look, FencingStep.LookAtOwner, FencingStep.LookAtManifest, FencingStep.Claim, FencingStep.Survey };
        order.Insert(rules.MakesRoomAfterTheLook ? order.Count : order.Count - 1, FencingStep.MakeRoom);
        if (rules.Fences && rules.FencesBeforeListing)
        {
            order.InsertRange(order.IndexOf(FencingStep.Survey) + 1, [FencingStep.CheckHeld, FencingStep.Fence]);
        }
        if (party.Takes)
        {
            order.AddRange(rules.ReadsOwnerBeforeTaking ? [FencingStep.ReadBeforeTaking, FencingStep.Take] : [FencingStep.Take]);
        }
        order.AddRange([FencingStep.Recover, FencingStep.List]);
        if (rules.Fences && !rules.FencesBeforeListing)
        {
            order.Add(FencingStep.Fence);
        }
        order.Add(FencingStep.Stage);
        if (rules.ReadsOwnerAgain)
        {
            order.Add(FencingStep.ReadAgain);
        }
        order.AddRange([FencingStep.Begin, FencingStep.MoveF, FencingStep.MoveG, FencingStep.EndArrivals, FencingStep.MoveD, FencingStep.EndMoves]);
        order.AddRange([FencingStep.PublishManifest, FencingStep.PublishOwner, FencingStep.Retire, FencingStep.Leave]);
        return [.. order];
    }

    /// <summary>Of a run that is killed one more step arrives, the one that it had sent; of steps in one flight, all.</summary>
    private static FencingState Arrived(FencingState state, int run, FencingStep done)
    {
        var now = state.Of(run);
        return now.HasEnded || !now.Has(FencingFlags.Killed) || IsOneFlight(done, now.Step) ? state : To(state, run, FencingStep.Dead);
    }

    private static bool IsOneFlight(FencingStep done, FencingStep next) => next switch
    {
        FencingStep.MoveF or FencingStep.MoveG or FencingStep.MoveD => true,
        FencingStep.Fence or FencingStep.MakeRoom => done == FencingStep.Fence,
        FencingStep.PublishOwner => done == FencingStep.PublishManifest,
        FencingStep.Leave => done == FencingStep.Retire,
        _ => next == FencingStep.Survey && done == next,
    };
}
