using DepSync.Model;
using DepSync.Scanning;
using DepSync.Tests.Support;

namespace DepSync.Tests.Scanning;

/// <summary>Files that may still be copied into the manager directory.</summary>
public sealed class SourceUploadTests : IDisposable
{
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(3);

    private readonly SourceScan _scan = new();

    public void Dispose() => _scan.Dispose();

    [NeedsFact]
    public async Task File_that_rests_while_it_is_waited_for_is_hashed()
    {
        _scan.Tree.Write("a.car"u8, ZipEndTests.Zip(2, 0)).Write("small.xml", "x");
        _scan.Clock = new FakeTimeProvider(Modified("a.car"));
        var scan = _scan.RunAsync();
        Assert.InRange(await _scan.Clock.WaitForTimerAsync(), TimeSpan.FromSeconds(0.5), Settle + SourceScanner.TimerSlack);
        _scan.Clock.Advance(Settle + SourceScanner.TimerSlack);
        var snapshot = await scan;
        Assert.All(["a.car", "small.xml"], path => Assert.Equal(Deferral.None, SourceScan.Entry(snapshot, path).Deferral));
        Assert.NotNull(SourceScan.Entry(snapshot, "a.car").Digest);
    }

    [NeedsFact]
    public async Task File_that_grows_while_it_is_waited_for_is_deferred_after_one_wait()
    {
        _scan.Tree.Write("a.car"u8, ZipEndTests.Zip(2, 0)).Write("b.car"u8, ZipEndTests.Zip(1, 0)).Write("large"u8, new byte[1024 * 1024]);
        var youngest = Modified("large");
        _scan.Clock = new FakeTimeProvider(youngest);
        var scan = _scan.RunAsync();
        var wait = await _scan.Clock.WaitForTimerAsync();
        while (Modified("a.car") <= youngest + (2 * SourceScanner.TimerSlack) || Modified("large") <= youngest + (2 * SourceScanner.TimerSlack))
        {
            // A copy goes on for longer than the timer's slack.
            _scan.Tree.Write("a.car"u8, ZipEndTests.Zip(9, 0)).Write("large"u8, new byte[1024 * 1024]);
        }
        _scan.Clock.Advance(wait);
        var snapshot = await scan;
        Assert.Equal((Deferral.Unsettled, null), (SourceScan.Entry(snapshot, "a.car").Deferral, SourceScan.Entry(snapshot, "a.car").Digest));
        Assert.Equal(ZipEndTests.Zip(9, 0).Length, SourceScan.Entry(snapshot, "a.car").Size);
        Assert.Equal(Deferral.Unsettled, SourceScan.Entry(snapshot, "large").Deferral);
        Assert.Equal(Deferral.None, SourceScan.Entry(snapshot, "b.car").Deferral);
    }

    [NeedsFact]
    public async Task File_that_goes_while_it_is_waited_for_has_vanished()
    {
        _scan.Tree.Write("d/a.car"u8, ZipEndTests.Zip(2, 0));
        _scan.Clock = new FakeTimeProvider(Modified("d/a.car"));
        var scan = _scan.RunAsync();
        await _scan.Clock.WaitForTimerAsync();
        _scan.Tree.Rename("d/a.car"u8, "d/b"u8);
        _scan.Clock.Advance(Settle + SourceScanner.TimerSlack);
        Assert.Equal(Deferral.Vanished, SourceScan.Entry(await scan, "d/a.car").Deferral);
    }

    [NeedsFact]
    public async Task File_of_the_future_that_rests_is_not_deferred_for_ever()
    {
        _scan.Tree.Write("a.car"u8, ZipEndTests.Zip(2, 0)).Write("b.car"u8, ZipEndTests.Zip(2, 0));
        _scan.Clock = new FakeTimeProvider(DateTimeOffset.UtcNow - TimeSpan.FromDays(1));
        var scan = _scan.RunAsync();
        Assert.Equal(Settle + SourceScanner.TimerSlack, await _scan.Clock.WaitForTimerAsync());
        _scan.Tree.Write("b.car"u8, ZipEndTests.Zip(3, 0));
        _scan.Clock.Advance(Settle + SourceScanner.TimerSlack);
        var snapshot = await scan;
        Assert.Equal(Deferral.None, SourceScan.Entry(snapshot, "a.car").Deferral);
        Assert.Equal(Deferral.Unsettled, SourceScan.Entry(snapshot, "b.car").Deferral);
    }

    [NeedsTheory]
    [InlineData(5, Deferral.IncompleteArchive, 0)]
    [InlineData(11, Deferral.None, 1)]
    internal async Task Archive_without_an_end_is_deferred_while_it_is_young_and_then_sent_with_a_warning(int minutes, Deferral deferral, int warnings)
    {
        _scan.Tree.Write("a.car"u8, ZipEndTests.Zip(9, 0).AsSpan(..^10)).Write("b.car"u8, ZipEndTests.Zip(9, 0)).Write("c.xml", "no archive");
        _scan.Clock = new FakeTimeProvider(DateTimeOffset.UtcNow + TimeSpan.FromMinutes(minutes));
        var snapshot = await _scan.RunAsync();
        Assert.Equal(deferral, SourceScan.Entry(snapshot, "a.car").Deferral);
        Assert.Equal(Deferral.None, SourceScan.Entry(snapshot, "b.car").Deferral);
        Assert.Equal(warnings, snapshot.Warnings.Count(warning => warning.Path == RelativePath.Parse("a.car")));
    }

    [NeedsFact]
    public async Task Archive_that_was_hashed_without_the_gate_is_still_checked_with_it()
    {
        _scan.Tree.Write("a.car", "no archive");
        _scan.Clock = new FakeTimeProvider(DateTimeOffset.UtcNow + TimeSpan.FromMinutes(5));
        _scan.Rules = _scan.Rules with { Settle = TimeSpan.Zero };
        var off = SourceScan.Entry(await _scan.RunAsync(), "a.car");
        Assert.Equal((Deferral.None, true), (off.Deferral, off.Digest is not null));
        _scan.Rules = _scan.Rules with { Settle = Settle };
        Assert.Equal(Deferral.IncompleteArchive, SourceScan.Entry(await _scan.RunAsync(), "a.car").Deferral);
    }

    [NeedsFact]
    public async Task Settle_zero_waits_for_nothing()
    {
        _scan.Tree.Write("a.car", "no archive").Write("large"u8, new byte[2 * 1024 * 1024]);
        _scan.Clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        _scan.Rules = _scan.Rules with { Settle = TimeSpan.Zero };
        var snapshot = await _scan.RunAsync();
        Assert.All(snapshot.Entries, entry => Assert.Equal((Deferral.None, true), (entry.Deferral, entry.Digest is not null)));
        Assert.Empty(snapshot.Warnings);
    }

    private DateTime Modified(string path) => File.GetLastWriteTimeUtc(Path.Combine(_scan.Tree.Path, path));
}
