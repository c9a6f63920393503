using System.Diagnostics;

namespace DepSync.Tests.Support;

/// <summary>Waits for a moment that another process brings about, by looking again and again; fails when it does not come.</summary>
internal static class Until
{
    public static async Task TrueAsync(Func<bool> condition, string what)
    {
        var started = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (!condition())
        {
            Assert.True(started.Elapsed < TimeSpan.FromMinutes(1), $"waited in vain for: {what}");
            await timer.WaitForNextTickAsync();
        }
    }
}
