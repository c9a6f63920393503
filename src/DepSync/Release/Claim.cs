using System.Runtime.ExceptionServices;
using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// The right to change one worker: the folder <c>run-number</c>, made by this run, with every other run's folder renamed away before anything was listed. A run that was cut
/// off or frozen, and whose queued requests still arrive, has all its renames going out of or into a folder that is gone.
/// </summary>
internal sealed partial class Claim : IRunFolder
{
    private const int RunOwnerLimit = 64 * 1024;

    private readonly IWorkerFileSystem _files;
    private readonly Claimant _claimant;
    private readonly RunClaim _own;
    private byte[] _signature = [];
    private bool _hasRoom;

    /// <summary>The only owner record lies in our folder, which must then stay for the next run to find it.</summary>
    private bool _holdsRecord;

    private int _records;

    private Claim(IWorkerFileSystem files, Claimant claimant, RunClaim own)
    {
        _files = files;
        _claimant = claimant;
        _own = own;
        Number = own.Number;
        Folder = WorkerLayout.Run(own.Number);
    }

    /// <summary>Used up by the MKDIR and never used again on this worker.</summary>
    public long Number { get; }

    public RelativePath Folder { get; }

    /// <summary>Owner and group of what this login creates here; null where the worker does not tell.</summary>
    public int? Uid { get; private set; }

    public int? Gid { get; private set; }

    /// <summary>Who owned the worker when it was fenced; null when nobody did.</summary>
    public OwnerRecord? PreviousOwner { get; private set; }

    /// <summary>What earlier runs keep here.</summary>
    public IReadOnlyList<long> Generations { get; private set; } = [];

    /// <summary>
    /// Ends once <c>new/</c> and <c>old/</c> are there. Where nobody had to be fenced it is still under way when the claim is taken, because a listing does not need them: to be awaited
    /// before anything is staged.
    /// </summary>
    /// <exception cref="DepSyncException">Fenced.</exception>
    public Task Room { get; private set; } = Task.CompletedTask;

    /// <summary>Folders of earlier runs, out of their way now: to be rolled forward.</summary>
    public IReadOnlyList<long> Fenced { get; private set; } = [];

    /// <summary>
    /// Claims: MKDIR under a number that was never used, then fence. Two that do this at the same time fence each other and both end with Fenced; nothing is harmed.
    /// </summary>
    /// <exception cref="DepSyncException">Fenced: another run or manager was faster; Duplicate: this very run already works in the directory, under another name.</exception>
    /// <exception cref="OperationCanceledException">Cancelled while it waited for another name of the same directory; our folder is gone again.</exception>
    public static async Task<Claim> TakeAsync(IWorkerFileSystem files, Claimant claimant, long knownNumber, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var number = knownNumber + 1;
            claimant.RecordNumber(number);
            var own = claimant.Siblings.Begin(claimant.Worker, number);
            try
            {
                if (await MakeBothAsync(files, number))
                {
                    return await SettleInAsync(new Claim(files, claimant, own), cancellationToken);
                }
            }
            finally
            {
                own.End();
            }
            if (await FindSiblingAsync(files, claimant, number, cancellationToken) is { Claim: { HasGivenUp: false } sibling })
            {
                throw SameDirectory(sibling.Worker);
            }
            if (attempt == 2)
            {
                throw new DepSyncException(ErrorKind.Fenced, "another run claims this worker at the same time", "let one run end before the next one starts");
            }
            knownNumber = Math.Max(number, (await WorkerLook.ReadAsync(files, LookDepth.Claimed, CancellationToken.None)).HighestNumber);
        }
    }

    /// <summary>In one flight; whether the folder above stood already is nobody's concern.</summary>
    private static async Task<bool> MakeBothAsync(IWorkerFileSystem files, long number)
    {
        var above = MakeAsync(files, WorkerLayout.Folder);
        var own = MakeAsync(files, WorkerLayout.Run(number));
        await ((Task)own).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!own.IsCompletedSuccessfully)
        {
            // It tells why, where the folder above could not be made.
            await above;
        }
        return await own;
    }

    /// <exception cref="DepSyncException">Target: the folder above is somebody else's.</exception>
    private static async Task<bool> MakeAsync(IWorkerFileSystem files, RelativePath folder)
    {
        try
        {
            return await files.CreateDirectoryAsync(folder, WorkerLayout.FolderMode, CancellationToken.None);
        }
        catch (WorkerFileException exception) when (exception.Error == WorkerFileError.PermissionDenied)
        {
            var above = await files.FindAsync(folder.Parent, CancellationToken.None);
            var where = folder.Parent.IsRoot ? files.Place.CanonicalPath : $"{files.Place.CanonicalPath}/{folder.Parent}";
            throw new DepSyncException(
                ErrorKind.Target,
                $"{where} cannot be written by this login: it belongs to uid {above?.Uid?.ToString() ?? "?"} with mode {Convert.ToString(above?.Mode ?? 0, 8)}",
                "push as the user who owns it, or give the folder to this login",
                exception);
        }
    }

    private static async Task<Claim> SettleInAsync(Claim claim, CancellationToken cancellationToken)
    {
        try
        {
            var signing = claim.SignAsync();
            // In the same flights: both come behind the MKDIR, and neither depends on the other.
            var looking = WorkerLook.ReadAsync(claim._files, LookDepth.Claimed, CancellationToken.None);
            await Task.WhenAll(signing, looking);
            claim._own.Sign();
            await claim.FenceOthersAsync(await looking, cancellationToken);
            return claim;
        }
        catch (Exception exception) when (exception is (DepSyncException or WorkerFileException or OperationCanceledException) and not WorkerLostException)
        {
            await claim.Room.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var fenced = await claim.FenceBehindAsync(exception);
            await claim.DropAsync();
            ExceptionDispatchInfo.Throw(fenced ?? exception);
            throw;
        }
    }

    private async Task SignAsync()
    {
        var owner = new RunOwner(_claimant.Manager.Id, _claimant.Run, _claimant.Worker, _claimant.Clock.GetUtcNow());
        _signature = owner.ToBytes();
        await SmallFile.WriteNewAsync(_files, WorkerLayout.RunOwner(Folder), _signature, FlushMode.Never);
    }

    private async Task FenceOthersAsync(WorkerLook look, CancellationToken cancellationToken)
    {
        CheckOwner(look.OwnerExists, look.Owner);
        var givenUp = await GiveWayAsync(look, cancellationToken);
        CheckNumber(look);
        (PreviousOwner, Generations) = (look.Owner, look.Generations);
        _own.GoOn();
        await FenceAsync(look, givenUp);
        if (Fenced.Count > 0)
        {
            await Room;
            await RestoreOwnerAsync();
        }
        if (_claimant.Takes || WorkerOwnership.Decide(look.OwnerExists, look.Owner, _claimant.Manager) == Ownership.Superseded)
        {
            // Before anything is listed or sent, so that the manager before us refuses from here on. One that we fenced may have taken the worker since our look.
            await Room;
            await ConfirmAsync();
            await PublishAsync(Owner(PreviousOwner?.Generation ?? 0, PreviousOwner?.ManifestSha256));
        }
    }

    /// <summary>
    /// A run that was cut off, or just fenced, between the two renames of owner.json has the record in its folder, which is about to be removed: it goes back first. By way of our own
    /// folder, so that it stays where it is when we are fenced ourselves.
    /// </summary>
    private async Task RestoreOwnerAsync()
    {
        if (await _files.FindAsync(WorkerLayout.Owner, CancellationToken.None) is not null
            || await DisplacedOwner.FindAsync(_files, Fenced.Select(WorkerLayout.Fenced), CancellationToken.None) is not { } displaced)
        {
            return;
        }
        CheckOwner(exists: true, displaced.Record);
        PreviousOwner = displaced.Record;
        var own = WorkerLayout.Displaced(WorkerLayout.StagedOwner(Folder, _records));
        _holdsRecord = true;
        await _files.RenameAsync(displaced.Place, own, CancellationToken.None);
        if (!await _files.RenameAsync(own, WorkerLayout.Owner, CancellationToken.None))
        {
            throw FencedBy("another run");
        }
        _holdsRecord = false;
    }

    /// <summary>
    /// Only now that the number has proved to be unused: what an earlier run of that number still has under way, when our MKDIR came late, finds nothing to move out of or into.
    /// </summary>
    private async Task MakeRoomAsync()
    {
        var made = new[]
        {
            _files.CreateDirectoryAsync(WorkerLayout.New(Folder), WorkerLayout.FolderMode, CancellationToken.None).AsTask(),
            _files.CreateDirectoryAsync(WorkerLayout.Old(Folder), WorkerLayout.FolderMode, CancellationToken.None).AsTask(),
        };
        var found = _files.FindAsync(WorkerLayout.New(Folder), CancellationToken.None).AsTask();
        await Task.WhenAll([.. made, found]);
        if (await found is not { } own)
        {
            throw FencedBy("another run");
        }
        (Uid, Gid) = (own.Uid, own.Gid);
        _hasRoom = true;
    }

    /// <summary>
    /// Reads owner.json again, with the rule of the fence, and who signed the folder of our name: the last look before the first rename in the live tree. A folder that somebody
    /// else made there since ours was renamed away is not ours.
    /// <para>Whether our folder stands is asked while they are read. It counts because both are open by then, which fixes what they say: a run that comes to own the worker after that has
    /// renamed our folder away before, and what it renames away after our look stops our renames themselves.</para>
    /// </summary>
    /// <exception cref="DepSyncException">Fenced.</exception>
    public async Task ConfirmAsync()
    {
        var opening = WorkerLook.OpenedOwnerAsync(_files);
        var signing = SmallFile.OpenedAsync(_files, WorkerLayout.RunOwner(Folder), RunOwnerLimit, CancellationToken.None);
        await Task.WhenAll(opening, signing);
        var (reading, signature, held) = (await opening, await signing, EnsureHeldAsync());
        try
        {
            var (exists, owner) = await reading;
            if (!exists || owner is null)
            {
                // None yet, or one that another run is replacing.
                var look = await WorkerLook.ReadAsync(_files, LookDepth.Claimed, CancellationToken.None);
                (exists, owner) = (look.OwnerExists, look.Owner);
                held = Task.WhenAll(held, EnsureHeldAsync());
            }
            CheckOwner(exists, owner);
            if (await signature is not { } signed || !IsOurs(signed))
            {
                throw FencedBy("another run");
            }
            await held;
        }
        finally
        {
            await Task.WhenAll(reading, signature, held).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private Task<byte[]?> ReadSignatureAsync() => SmallFile.ReadAsync(_files, WorkerLayout.RunOwner(Folder), RunOwnerLimit, CancellationToken.None);

    private bool IsOurs(byte[] signature) => signature.AsSpan().SequenceEqual(_signature);

    /// <summary>Makes sure that our folder still stands under its own name: that with <c>new/</c> in it, because one that another run makes there late stays without.</summary>
    /// <exception cref="DepSyncException">Fenced.</exception>
    public async Task EnsureHeldAsync()
    {
        if (await _files.FindAsync(_hasRoom ? WorkerLayout.New(Folder) : Folder, CancellationToken.None) is null)
        {
            throw FencedBy("another run");
        }
    }

    /// <summary>Removes our folder and what is staged in it. A folder that is gone is fine.</summary>
    /// <exception cref="WorkerFileException">Something of it is left, for the next run to roll forward.</exception>
    public async Task AbandonAsync()
    {
        if (_holdsRecord)
        {
            return;
        }
        if (!await TryEmptyAsync([WorkerLayout.Journal(Folder)], [WorkerLayout.Old(Folder)]))
        {
            await TreeRemover.RemoveAsync(_files, Folder);
        }
    }

    /// <summary>
    /// As <see cref="AbandonAsync"/>, called right behind the renames that take <c>old/</c> and the journal out of it, in their flight: neither is touched, so each that is still there when they have failed keeps
    /// the folder for what comes next. Whether the folder is gone.
    /// </summary>
    public Task<bool> TryLeaveAsync() => _holdsRecord ? Task.FromResult(false) : TryEmptyAsync([], []);

    /// <summary>Removes what a run that went well leaves in our folder, and then the folder, in one flight. Whatever else lies there keeps it, and is to be looked for.</summary>
    private async Task<bool> TryEmptyAsync(IReadOnlyList<RelativePath> more, IReadOnlyList<RelativePath> moreFolders)
    {
        var emptied = Unpublished().Append(WorkerLayout.RunOwner(Folder)).Concat(more).Select(file => WorkerFileException.IgnoreAsync(_files.RemoveFileAsync(file, CancellationToken.None).AsTask()))
            .Concat(moreFolders.Prepend(WorkerLayout.New(Folder)).Select(folder => WorkerFileException.IgnoreAsync(_files.RemoveDirectoryAsync(folder, CancellationToken.None).AsTask())))
            .ToList();
        var removed = _files.RemoveDirectoryAsync(Folder, CancellationToken.None).AsTask();
        await Task.WhenAll([.. emptied, WorkerFileException.IgnoreAsync(removed)]);
        return removed.IsCompletedSuccessfully;
    }

    /// <summary>As <see cref="AbandonAsync"/>, on the way out of a failure that is to be told: what cannot be removed is left to the next run.</summary>
    public async Task DropAsync()
    {
        try
        {
            await AbandonAsync();
        }
        catch (WorkerFileException)
        {
        }
    }

    /// <summary>Whatever failed in a folder that is gone failed because another run took over: that is what is to be told then; null when our folder stands.</summary>
    public async Task<DepSyncException?> FenceBehindAsync(Exception failure)
    {
        if (failure is not (WorkerFileException or DepSyncException { Kind: ErrorKind.Target }))
        {
            return null;
        }
        try
        {
            await EnsureHeldAsync();
            return await ReadSignatureAsync() is { } signed && !IsOurs(signed) && RunOwner.TryParse(signed) is not null ? FencedBy("another run") : null;
        }
        catch (DepSyncException fenced) when (fenced.Kind == ErrorKind.Fenced)
        {
            return fenced;
        }
        catch (WorkerFileException)
        {
            return null;
        }
    }

    private void CheckOwner(bool exists, OwnerRecord? owner)
    {
        CheckSibling(owner);
        var ownership = WorkerOwnership.Decide(exists, owner, _claimant.Manager);
        var ours = ownership is Ownership.Unowned or Ownership.Ours or Ownership.Superseded;
        if (ownership == Ownership.NewerEpoch && !_claimant.Takes)
        {
            _claimant.NoteNewerEpoch(owner!, _claimant.Clock.GetUtcNow());
        }
        if (ownership == Ownership.NewerEpoch || (!ours && !_claimant.Takes))
        {
            throw new DepSyncException(ErrorKind.Fenced, WorkerOwnership.Describe(owner), WorkerOwnership.Hint);
        }
        if (owner?.Number >= Number && owner.Run != _claimant.Run)
        {
            throw FencedBy($"run {owner.Run} of {owner.User}@{owner.Host}");
        }
    }

    /// <summary>A number that stands on the worker in any other way than as a run is used up: our MKDIR came late.</summary>
    private void CheckNumber(WorkerLook look)
    {
        if (look.Fenced.Concat(look.Generations).Any(used => used >= Number))
        {
            throw FencedBy("a run with a later number");
        }
    }

    private async Task FenceAsync(WorkerLook look, HashSet<long> givenUp)
    {
        var others = look.Runs.Where(run => run != Number).ToList();
        if (others.Count > 0)
        {
            // One that fenced us since our listing may be in its commit by now, and is not to be stopped in the middle of it for nothing.
            await EnsureHeldAsync();
        }
        // Where fenced-N stands, run-N is the empty one of a MKDIR that came late; it goes with our own folder.
        var renames = others.Select(other => _files.RenameAsync(
            WorkerLayout.Run(other), look.Fenced.Contains(other) ? Folder.Child($"late-{other}") : WorkerLayout.Fenced(other), CancellationToken.None).AsTask()).ToList();
        Room = MakeRoomAsync();
        // Another name of this directory that gave up has most likely removed its folder.
        var moved = await Task.WhenAll(renames);
        Fenced = [.. look.Fenced.Concat(others.Where((other, i) => moved[i] || !givenUp.Contains(other))).Distinct().Order()];
    }

    private DepSyncException FencedBy(string whom) =>
        new(ErrorKind.Fenced, $"{whom} took this worker over while run number {Number} was under way; nothing of this run goes on there", "the next run decides; let one run end before the next one starts");
}
