namespace DepSync.State;

/// <summary>Tries of one login that were refused one after the other. Immutable.</summary>
/// <param name="Count">How many in a row; 1 or more.</param>
/// <param name="Last">When the last one was.</param>
/// <param name="With">What was logged in with, as <c>LoginTraits</c> tells it: once that differs, something was mended and the row is over.</param>
internal sealed record RefusedLogins(int Count, DateTimeOffset Last, string With)
{
    /// <summary>The row with one more at its end, or the first one of a new row.</summary>
    public static RefusedLogins After(RefusedLogins? past, string with, DateTimeOffset now) => new(past?.With == with ? Math.Max(0, past.Count) + 1 : 1, now, with);
}
