using System.Globalization;
using DepSync.Model;
using Spectre.Console;

namespace DepSync.Reporting;

/// <summary>Draws the workers' rows into lines that fit the terminal. Pure.</summary>
internal static class ProgressView
{

    /// <summary>Rows that fit below what is already on the screen; of many workers those at work are shown.</summary>
    private const int MaximumRows = 16;

    /// <param name="staging">How long a row has been staging.</param>
    public static IReadOnlyList<string> Render(IReadOnlyList<ProgressRow> rows, (int Width, int Height) window, TimeSpan elapsed, Func<ProgressRow, TimeSpan> staging)
    {
        var room = Math.Clamp(window.Height - 3, 1, MaximumRows);
        var shown = rows.Count <= room ? rows : [.. rows.Where(static row => row.IsActive).Take(room)];
        // One column is left free: a full line would make some terminals wrap.
        var width = Math.Max(window.Width - 1, 20);
        var lines = new List<string>();
        if (shown.Count > 0)
        {
            var grid = new Table().Border(TableBorder.None).HideHeaders().Collapse();
            for (var i = 0; i < 3; i++)
            {
                grid.AddColumn(new TableColumn("") { NoWrap = true });
            }
            foreach (var row in shown)
            {
                grid.AddRow(new Text(Wording.Name(row.Worker)), new Text(Stage(row)), new Text(Describe(row, staging(row), width < 80 ? 10 : 20)));
            }
            lines.AddRange(SpectreText.Lines(grid, new Ink(Colored: false)));
        }
        lines.Add(Total(rows, elapsed));
        return [.. lines.Select(line => SpectreText.Cut(line, width))];
    }

    /// <summary>One line about one worker, for a stream that is no terminal.</summary>
    public static string Plain(ProgressRow row, TimeSpan staging) => $"{Wording.Name(row.Worker)}: {Stage(row)} {Describe(row, staging, barWidth: 20)}".TrimEnd();

    private static string Stage(ProgressRow row) => row switch
    {
        { Ended: { } result } => ResultLines.StatusOf(result),
        { Phase: { } phase } => Wording.Words(phase),
        _ => "waiting",
    };

    private static string Describe(ProgressRow row, TimeSpan staging, int barWidth)
    {
        if (row.Ended is { } result)
        {
            return $"in {Wording.Time(result.Elapsed)}";
        }
        if (row is not { Phase: WorkerPhase.Staging or WorkerPhase.Committing, Staged: { } staged })
        {
            return "";
        }
        var share = staged.BytesTotal > 0
            ? (double)staged.BytesDone / staged.BytesTotal
            : staged.FilesTotal > 0 ? (double)staged.FilesDone / staged.FilesTotal : 1;
        share = Math.Clamp(share, 0, 1);
        var full = (int)(share * barWidth);
        var rate = row.Phase == WorkerPhase.Staging && staging.TotalSeconds >= 0.1 ? $"  {Wording.Bytes((long)(staged.BytesDone / staging.TotalSeconds))}/s" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{new string('█', full)}{new string('░', barWidth - full)} {(int)(share * 100),3}%  {staged.FilesDone}/{staged.FilesTotal} files{rate}  {Wording.Bytes(staged.BytesDone)} of {Wording.Bytes(staged.BytesTotal)}");
    }

    private static string Total(IReadOnlyList<ProgressRow> rows, TimeSpan elapsed)
    {
        var done = rows.Count(static row => row.Ended is not null);
        var failed = rows.Count(static row => row.Ended is { } result && !Outcome.IsFine(result));
        return $"{done} of {Wording.Count(rows.Count, "worker")} done{(failed > 0 ? $", {failed} failed" : "")}, {Wording.Time(elapsed)}";
    }
}
