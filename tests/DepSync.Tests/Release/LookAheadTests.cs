using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>A worker whose target is a link: what is read where it led the last time counts only as long as it leads there.</summary>
public sealed class LookAheadTests : IDisposable
{
    private readonly CountedRelease _counted = new(20, 1);

    public void Dispose() => _counted.Dispose();

    [NeedsFact("setpriv", "cp")]
    public async Task Target_that_leads_elsewhere_than_the_last_time_is_looked_at_where_it_is()
    {
        var first = _counted.Run.Worker;
        var (link, second) = ($"{first.Path}-link", $"{first.Path}-second");
        var config = _counted.Config with { Workers = [_counted.Config.Workers[0] with { Path = link }] };
        File.CreateSymbolicLink(link, first.Path);
        await _counted.RunAsync(config);
        await _counted.RunAsync(config);
        Assert.Equal(WorkerStatus.Unchanged, _counted.Result.Status);

        Command.Run("cp", "-a", first.Path, second);
        File.Delete(link);
        File.CreateSymbolicLink(link, second);
        File.WriteAllText(Path.Combine(second, _counted.Files[0]), "drift there");
        // Where it led the last time nothing is to be done.
        var before = TreeText.ReadUntouched(first.Path);
        var flights = await _counted.RunAsync(config);

        Assert.Equal((WorkerStatus.Synced, 1), (_counted.Result.Status, _counted.Result.Updated));
        Assert.Equal(_counted.Files[0], File.ReadAllText(Path.Combine(second, _counted.Files[0])));
        Assert.Equal(before, TreeText.ReadUntouched(first.Path));
        Assert.True(flights[0].Of("OpenDirectory") > 0, $"nothing was asked ahead: {flights[0]}");
        await _counted.RunAsync(config);
        Assert.Equal(WorkerStatus.Unchanged, _counted.Result.Status);
    }

    [NeedsFact("setpriv")]
    public async Task Place_that_went_is_no_failure_of_the_one_that_took_its_turn()
    {
        var first = _counted.Run.Worker;
        var link = $"{first.Path}-link";
        var config = _counted.Config with { Workers = [_counted.Config.Workers[0] with { Path = link }] };
        File.CreateSymbolicLink(link, first.Path);
        await _counted.RunAsync(config);
        Directory.Move(first.Path, $"{first.Path}-moved");
        File.Delete(link);
        File.CreateSymbolicLink(link, $"{first.Path}-moved");
        await _counted.RunAsync(config);
        Assert.Equal(WorkerStatus.Unchanged, _counted.Result.Status);
        Directory.Move($"{first.Path}-moved", first.Path);
    }
}
