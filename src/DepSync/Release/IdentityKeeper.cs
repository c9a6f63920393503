using DepSync.Model;
using DepSync.State;

namespace DepSync.Release;

/// <summary>
/// Who this manager is in this run, and what the run learns about that from its workers. Stored at once, except in a dry run. Safe for concurrent use.
/// </summary>
internal sealed class IdentityKeeper
{
    private readonly Lock _lock = new();
    private readonly StateStore? _store;
    private readonly string _user;
    private ManagerState _state;
    private bool _unproven;
    private long _highestEpoch;

    /// <param name="store">Null in a dry run: nothing is stored.</param>
    /// <param name="loaded">What this machine remembered; null when it never pushed this directory, or has lost its state.</param>
    public IdentityKeeper(StateStore? store, ManagerState? loaded, string managerDir)
    {
        _store = store;
        _user = Environment.UserName;
        _unproven = loaded is null;
        _state = loaded ?? ManagerState.Create(managerDir, Environment.MachineName);
        if (loaded is null)
        {
            Store();
        }
    }

    public ManagerIdentity Current
    {
        get
        {
            lock (_lock)
            {
                return new ManagerIdentity(_state.Id, _state.Epoch, _state.Supersedes, _state.Host, _user, _state.ManagerDir);
            }
        }
    }

    /// <summary>Who was met with a higher epoch, in this run or an earlier one; nothing is pushed anywhere until a takeover.</summary>
    public FencedBy? FencedBy
    {
        get
        {
            lock (_lock)
            {
                return _state.FencedBy;
            }
        }
    }

    public IReadOnlyList<RelativePath> MountPoints
    {
        get
        {
            lock (_lock)
            {
                return _state.MountPoints;
            }
        }
    }

    /// <summary>Whether the manager directory had its marker file at the last good run.</summary>
    public bool HadMarker
    {
        get
        {
            lock (_lock)
            {
                return _state.HasMarker;
            }
        }
    }

    /// <summary>Whether an owner record was written from this machine and this directory: then it may be our own id that the state has lost.</summary>
    public bool IsFromHere(OwnerRecord owner)
    {
        lock (_lock)
        {
            return owner.Host == _state.Host && owner.ManagerDir == _state.ManagerDir;
        }
    }

    /// <summary>
    /// Takes the identity of an owner record that proved to be ours: a state that is new takes it over; one that has pushed before counts it among those it supersedes.
    /// </summary>
    public void Learn(OwnerRecord owner)
    {
        lock (_lock)
        {
            _state = _unproven
                ? _state with { Id = owner.Manager, Epoch = Math.Max(_state.Epoch, owner.Epoch), Supersedes = owner.Supersedes }
                : _state with { Epoch = Math.Max(_state.Epoch, owner.Epoch + 1), Supersedes = With(_state.Supersedes, owner.Manager) };
            _unproven = false;
            Store();
        }
    }

    /// <summary>A worker showed a higher epoch: somebody took over after us.</summary>
    public void Fence(OwnerRecord owner, string worker, DateTimeOffset now)
    {
        lock (_lock)
        {
            _state = _state with
            {
                FencedBy = new FencedBy { Manager = owner.Manager, Host = owner.Host, User = owner.User, Epoch = owner.Epoch, Worker = worker, At = now },
            };
            Store();
        }
    }

    /// <summary>Before a takeover: an owner record that some worker shows.</summary>
    public void Meet(OwnerRecord owner)
    {
        lock (_lock)
        {
            _highestEpoch = Math.Max(_highestEpoch, owner.Epoch);
            if (owner.Manager != _state.Id)
            {
                _state = _state with { Supersedes = owner.Supersedes.Append(owner.Manager).Where(id => id != _state.Id).Aggregate(_state.Supersedes, With) };
            }
        }
    }

    /// <summary>Owns from here on with an epoch above all that were met.</summary>
    public void TakeOver()
    {
        lock (_lock)
        {
            var met = Math.Max(_highestEpoch, _state.FencedBy?.Epoch ?? 0);
            var supersedes = _state.FencedBy is { } fence && fence.Manager != _state.Id ? With(_state.Supersedes, fence.Manager) : _state.Supersedes;
            _state = _state with { Epoch = Math.Max(met, _state.Epoch) + 1, Supersedes = supersedes, FencedBy = null };
            _unproven = false;
            Store();
        }
    }

    /// <summary>Remembers a run after which every worker equalled the source.</summary>
    public void RecordGoodRun(string run, DateTimeOffset now, Snapshot source)
    {
        lock (_lock)
        {
            _state = _state with { LastGoodRun = new RunStamp(run, now), MountPoints = [.. source.MountPoints], HasMarker = source.HasMarker };
            Store();
        }
    }

    private void Store() => _store?.SaveManager(_state);

    private static IReadOnlyList<string> With(IReadOnlyList<string> ids, string id) => ids.Contains(id) ? ids : [.. ids, id];
}
