using System.Globalization;
using DepSync.Model;
using Spectre.Console;

namespace DepSync.Reporting;

/// <summary>The table that ends a run on a terminal: a row a worker, failures last, aligned also where a name has wide characters. Pure.</summary>
internal static class ResultTable
{
    /// <summary>Null when it does not fit into the width: the lines of <see cref="ResultLines"/> fold better.</summary>
    public static string? Render(IReadOnlyList<WorkerResult> results, Ink ink, int width)
    {
        var plain = new Ink(Colored: false);
        return SpectreText.Lines(Layout(results, plain), plain).All(line => SpectreText.WidthOf(line) <= width)
            ? string.Join('\n', SpectreText.Lines(Layout(results, ink), ink))
            : null;
    }

    private static Table Layout(IReadOnlyList<WorkerResult> results, Ink ink)
    {
        var table = new Table().Border(TableBorder.None).Collapse();
        table.AddColumn(Titled("WORKER"));
        table.AddColumn(Titled("RESULT"));
        Column[] all =
        [
            new("CREATED", static result => Number(result.Created), Always: true),
            new("UPDATED", static result => Number(result.Updated), Always: true),
            new("DELETED", static result => Number(result.Deleted), Always: true),
            new("ATTRS", static result => Number(result.Attributes), Always: false),
            new("DEFERRED", static result => Number(result.Deferred), Always: false),
            new("HELD", static result => Number(result.DeletesHeld), Always: false),
            new("PROBLEMS", static result => Number(result.Problems.Count), Always: false),
            new("BYTES", static result => BytesOf(result) is > 0 and var bytes ? Wording.Bytes(bytes) : "-", Always: true),
            new("TIME", static result => Wording.Time(result.Elapsed), Always: true),
            new("GENERATION", static result => result.Generation is { } number ? number.ToString(CultureInfo.InvariantCulture) : "-", Always: false),
        ];
        Column[] shown = [.. all.Where(column => column.Always || results.Any(result => column.Cell(result) != "-"))];
        foreach (var column in shown)
        {
            table.AddColumn(Titled(column.Title).RightAligned());
        }
        foreach (var result in ResultLines.Sort(results))
        {
            table.AddRow([
                new Text(Wording.Name(result.Worker)),
                new Text(ResultLines.StatusOf(result), SpectreText.StyleOf(ResultLines.ShadeOf(result), ink)),
                .. shown.Select(column => new Text(column.Cell(result))),
            ]);
        }
        return table;
    }

    private static TableColumn Titled(string title) => new TableColumn(new Text(title)) { NoWrap = true };

    private static string Number(int count) => count == 0 ? "-" : count.ToString(CultureInfo.InvariantCulture);

    private static long BytesOf(WorkerResult result) => result.Status == WorkerStatus.Planned ? result.BytesTotal : result.BytesSent;

    private sealed record Column(string Title, Func<WorkerResult, string> Cell, bool Always);
}
