using DepSync.Model;

namespace DepSync.Reporting;

/// <summary>Trouble in words: who, what, why, and what to do next. Each value is whole lines without the last newline. Pure.</summary>
internal static class TroubleText
{
    /// <summary>Names the worker, unless the message begins with its name (as one about a host of that name does).</summary>
    public static string Error(Ink ink, string? worker, string message, string? hint)
    {
        var named = worker is null || message.StartsWith(worker + ":", StringComparison.Ordinal);
        return Said(ink, Shade.Bad, "error:", (named ? "" : Wording.Name(worker) + ": ") + Wording.Line(message), hint);
    }

    public static string Error(Ink ink, DepSyncException exception) => Error(ink, null, exception.Message, exception.Hint);

    /// <summary>What kept a run from going on. Everything that is wrong with the settings comes in one message, a line each; of other messages a line break is escaped.</summary>
    public static string Failure(Ink ink, RunFailed failed)
    {
        var messages = failed.Kind is ErrorKind.Config or ErrorKind.Usage ? failed.Message.Split('\n') : [failed.Message];
        return string.Join('\n', messages.Select((message, i) => Error(ink, null, message, i == messages.Length - 1 ? failed.Hint : null)));
    }

    /// <param name="message">Escaped already.</param>
    public static string Said(Ink ink, Shade shade, string label, string message, string? hint = null)
    {
        var first = $"{ink.Paint(shade, label)} {message}";
        return hint is null ? first : $"{first}\n  hint: {Wording.Line(hint)}";
    }

    /// <summary>What ended a run as a whole.</summary>
    public static string EndOf(ErrorKind kind) => kind switch
    {
        ErrorKind.Interrupted => "the run was interrupted",
        ErrorKind.MaxTime => "--max-time was over before every worker was done",
        _ => $"the run ended early: {Wording.Words(kind)}",
    };
}
