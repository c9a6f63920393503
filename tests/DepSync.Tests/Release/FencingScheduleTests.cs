using System.Runtime.Versioning;
using System.Text;
using CsCheck;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>
/// The requirements of the model, of real runs that take turns between any two calls: inside of what is one step in the model, too.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class FencingScheduleTests
{
    private static readonly bool IsThorough = Environment.GetEnvironmentVariable("DEPSYNC_EVERY_FAULT") == "1";

    /// <summary>Who goes on, and for how many calls.</summary>
    private static readonly Gen<(int Run, int Calls)[]> Schedules = Gen.Select(Gen.Int[1, 3], Gen.OneOf(Gen.Int[1, 6], Gen.Int[1, 60])).Array[4, 40];

    public static TheoryData<string> Casts => [.. FencingCast.All.Select(cast => cast.Name)];

    [NeedsTheory("rm"), MemberData(nameof(Casts))]
    public async Task Whatever_call_comes_next_the_tree_is_one_managers(string name)
    {
        var cast = FencingCast.All.Single(found => found.Name == name);
        using var sources = await FencingSources.CreateAsync(cast);
        Schedules.Sample(
            schedule =>
            {
                using var play = new Play(sources, cast);
                play.Go(schedule);
            },
            iter: IsThorough ? 5000 : 60,
            threads: 1,
            print: schedule => string.Join(", ", schedule.Select(turn => $"run {turn.Run}: {turn.Calls} calls")));
    }

    private sealed class Play(FencingSources sources, FencingCast cast) : IDisposable
    {
        private readonly FencingWorld _world = new(sources, cast, overSftp: false);
        private readonly HashSet<int> _begun = [];
        private readonly StringBuilder _calls = new();
        private bool _isKilled;
        private int _lastToMove;
        private (long Epoch, long Number) _owner;

        public void Go((int Run, int Calls)[] schedule)
        {
            _owner = OwnerNow();
            foreach (var (run, calls) in schedule)
            {
                for (var call = 0; call < calls && CanGoOn(run); call++)
                {
                    GoOn(run);
                }
            }
            foreach (var run in _begun.Order().ToList())
            {
                while (CanGoOn(run))
                {
                    GoOn(run);
                }
                var result = _world.Of(run).Result;
                Check(result is null or { Error: null or { Kind: ErrorKind.Fenced } }, $"run {run} ended with {result}");
            }
            if (_lastToMove > 0 && _world.Of(_lastToMove).Result is { Error: null })
            {
                Check(Live() == Wanted(_lastToMove), "the last to commit has ended well, and the tree is not its own");
            }
            Heal();
        }

        public void Dispose() => _world.Dispose();

        /// <summary>The second manager's first run is killed by the beginning of its next one, which does not come before it.</summary>
        private bool CanGoOn(int run) =>
            (run != 3 || _begun.Contains(2)) && (run != 2 || !_isKilled) && (!_begun.Contains(run) || _world.Of(run).Next is not null);

        private void GoOn(int run)
        {
            if (_begun.Add(run))
            {
                _isKilled |= run == 3 && _world.Of(2).Next is not null;
                _world.Begin(run, _ => true);
                return;
            }
            var call = _world.Of(run).Next!;
            _calls.Append($"\n{run} {call}");
            var (live, holder) = (Live(), HolderOf(call));
            _world.Of(run).GoOn(_ => true);
            if (!FencingCalls.IsChange(call))
            {
                return;
            }
            var owner = OwnerNow();
            Check(owner.Epoch >= _owner.Epoch && owner.Number >= _owner.Number, $"owner.json went from {_owner} to {owner}");
            _owner = owner;
            if (live != Live())
            {
                _lastToMove = run;
                Check(!Live().Contains('?', StringComparison.Ordinal), "a live file is no manager's");
                Check(holder == run, $"run {run} moved a live file out of or into the folder of run {holder}");
            }
        }

        /// <summary>One more run by who owns the worker, or may take it.</summary>
        private void Heal()
        {
            var owner = FencingView.OwnerOf(_world.Worker);
            var run = owner is not null && cast.First is { Takes: false } && owner.Manager != FencingSources.IdOf(cast.First) ? 3 : 1;
            _world.Begin(run, _ => false);
            Check(_world.Of(run).Result is { Error: null }, $"the next run ended with {_world.Of(run).Result}");
            var left = Directory.GetFileSystemEntries(Path.Combine(_world.Worker.Path, ".depsync")).Select(path => Path.GetFileName(path)!).Except(["owner.json", "manifest", "generations"]);
            Check(Live() == Wanted(run) && !left.Any(), $"the next run leaves {Live()} and {string.Join(' ', left)}");
        }

        private (long Epoch, long Number) OwnerNow() => FencingView.OwnerOf(_world.Worker) is { } owner ? (owner.Epoch, owner.Number) : (0, 0);

        /// <summary>Who signed the run folder that a rename in the live tree goes out of or into; -1 for any other call.</summary>
        private int HolderOf(string call)
        {
            var from = call.IndexOf(".depsync/run-", StringComparison.Ordinal);
            return from < 0 ? -1 : FencingView.MakerOf(_world.Worker, string.Join('/', call[from..].Split(' ')[0].Split('/')[..2]));
        }

        private string Live() => FencingView.LiveOf(_world.Worker);

        private static string Wanted(int run) => FencingView.LiveOf(file => FencingModel.Wanted(run, file));

        private void Check(bool isMet, string otherwise) => Assert.True(isMet, $"{otherwise}; {FencingView.Observed(_world)}{_calls}");
    }
}
