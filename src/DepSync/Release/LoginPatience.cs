using DepSync.State;

namespace DepSync.Release;

/// <summary>
/// When a worker that has refused logins is tried again. A run a minute with a wrong key looks like an attack: fail2ban bans an address for 5 refused logins within 10 minutes,
/// and OpenSSH 9.8 lets it wait 5 s for each, up to 10 minutes. Three at once, one 5 minutes later and then one every 10 stay at 4 within any 10 minutes. Pure.
/// </summary>
internal static class LoginPatience
{
    /// <summary>Somebody who mends a key tries a few times; two mistakes cost no waiting.</summary>
    public const int TriesAtOnce = 3;

    private static readonly TimeSpan FirstWait = TimeSpan.FromMinutes(5);

    /// <summary>fail2ban's window: whatever came before is forgotten by then.</summary>
    private static readonly TimeSpan LaterWait = TimeSpan.FromMinutes(10);

    /// <summary>The time before which the worker is left alone; null when it may be tried now.</summary>
    /// <param name="past">What its state says.</param>
    /// <param name="with">What would be logged in with now.</param>
    /// <param name="now">By the wall clock; where it went back behind the last refusal nobody knows how long ago that was.</param>
    public static DateTimeOffset? WaitsUntil(RefusedLogins? past, string with, DateTimeOffset now)
    {
        if (past is null || past.Count < TriesAtOnce || past.With != with || now < past.Last)
        {
            return null;
        }
        var wait = past.Count == TriesAtOnce ? FirstWait : LaterWait;
        return now - past.Last < wait ? past.Last + wait : null;
    }
}
