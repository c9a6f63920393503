namespace DepSync.Workers;

internal enum CheckOutcome
{
    Ok,
    Warning,
    Failure,
}

/// <summary>One thing that <c>depsync check</c> looked at; <paramref name="Mend"/> is the command or step that puts it right.</summary>
internal sealed record CheckResult(string Name, CheckOutcome Outcome, string Message, string? Mend = null);

/// <summary>Whether a check may create and remove its one probe file; <c>--no-probe</c> forbids it.</summary>
internal enum CheckProbe
{
    Allowed,
    Forbidden,
}
