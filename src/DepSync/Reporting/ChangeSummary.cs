using DepSync.Model;

namespace DepSync.Reporting;

/// <summary>
/// What a run changed, a line a path whatever the number of workers, sorted by path. An attribute of a directory follows from what changed in it and is
/// listed with <c>-v</c> only. Not safe for concurrent calls.
/// </summary>
internal sealed class ChangeSummary(Verbosity verbosity)
{
    /// <summary>As much as a screen, or a mail that cron sends, takes without scrolling.</summary>
    private const int Limit = 20;

    private readonly Tally<(RelativePath Path, ChangeAction Action, EntryKind Kind, ChangeReason Reason)> _changes = new();

    public void Add(string worker, Change change)
    {
        if (verbosity == Verbosity.Verbose || change is not { Action: ChangeAction.Attributes, Kind: EntryKind.Directory })
        {
            _changes.Add((change.Path, change.Action, change.Kind, change.Reason), worker);
        }
    }

    /// <param name="total">All workers of the run.</param>
    public IEnumerable<string> Lines(int total, Ink ink)
    {
        var limit = verbosity == Verbosity.Verbose ? int.MaxValue : Limit;
        foreach (var key in _changes.Keys.OrderBy(static key => key.Path).ThenBy(static key => key.Action).Take(limit))
        {
            var path = DisplayText.Escape(key.Path) + (key.Kind == EntryKind.Directory ? "/" : "");
            string[] remarks = [.. total > 1 ? [_changes.WorkersOf(key, total)] : Array.Empty<string>(), .. key.Reason == ChangeReason.Drift ? ["drift"] : Array.Empty<string>()];
            yield return $"{ink.Paint(ShadeOf(key.Action), Wording.Done(key.Action).PadRight(10))}  {path}{(remarks.Length > 0 ? $"  ({string.Join("; ", remarks)})" : "")}";
        }
        if (_changes.Keys.Count > limit)
        {
            yield return $"... and {Wording.Count(_changes.Keys.Count - limit, "more path")} (-v lists all, --itemize as they happen)";
        }
    }

    private static Shade ShadeOf(ChangeAction action) => action switch
    {
        ChangeAction.Create => Shade.Good,
        ChangeAction.Update => Shade.Caution,
        ChangeAction.Attributes => Shade.Plain,
        _ => Shade.Bad,
    };
}
