using DepSync.Model;
using DepSync.Platform;
using DepSync.Tests.Support;

namespace DepSync.Tests.Platform;

public sealed class KeptFoldersTests : IDisposable
{
    private readonly TempTree _temp = new();

    public void Dispose() => _temp.Dispose();

    [NeedsFact]
    public void Folder_is_found_by_its_entries_and_is_nobody_elses_until_it_is_put_back()
    {
        using var folders = new KeptFolders();
        var kept = Open("a/x");
        folders.Put(kept);
        Assert.Null(folders.TryTake(RelativePath.Parse("x")));
        Assert.Null(folders.TryTake(RelativePath.Parse("a/x/y")));
        Assert.Same(kept, folders.TryTake(RelativePath.Parse("a/y")));
        Assert.Null(folders.TryTake(RelativePath.Parse("a/y")));
        folders.Put(kept);
        Assert.Same(kept, folders.TryTake(RelativePath.Parse("a/x")));
        folders.Put(kept);
    }

    [NeedsFact]
    public void Those_that_were_used_last_stay_open()
    {
        var all = Enumerable.Range(0, 20).Select(i => Open($"folder-{i}/x")).ToList();
        using (var folders = new KeptFolders())
        {
            all.ForEach(folders.Put);
            Assert.Equal(Enumerable.Repeat(true, 16).Concat(Enumerable.Repeat(false, 4)), all.Select(folder => folder.Directory.Handle.IsClosed));
            Assert.Same(all[^1], folders.TryTake(RelativePath.Parse("folder-19/y")));
            folders.Put(all[^1]);
        }
        Assert.All(all, folder => Assert.True(folder.Directory.Handle.IsClosed));
    }

    private KeptFolder Open(string entry) => new(UnixDirectory.Open(_temp.Path)!, RelativePath.Parse(entry));
}
