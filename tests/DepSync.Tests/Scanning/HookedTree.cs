using DepSync.Model;
using DepSync.Scanning;

namespace DepSync.Tests.Scanning;

/// <summary>A real manager directory in which something happens just before a call, or whose listings are changed.</summary>
internal sealed class HookedTree(SourceTree inner) : SourceTree
{
    private int _opened;

    public int Opened => _opened;

    public Action<RelativePath>? BeforeList { get; init; }

    public Action<RelativePath>? BeforeOpen { get; init; }

    public Func<SourceEntry, SourceEntry>? Change { get; init; }

    /// <summary>Names that are listed and gone when they are looked at.</summary>
    public Predicate<SourceEntry>? Vanishes { get; init; }

    public override string RealPath => inner.RealPath;

    public override (ulong Device, ulong Inode)? Identity => inner.Identity;

    public override SourceEntry Root() => inner.Root();

    public override SourceListing? List(RelativePath directory)
    {
        BeforeList?.Invoke(directory);
        var listing = inner.List(directory);
        if (listing is not null && Change is not null)
        {
            var changed = listing.Entries.ConvertAll(entry => Change(entry));
            listing.Entries.Clear();
            listing.Entries.AddRange(changed);
        }
        if (listing is not null && Vanishes is not null)
        {
            listing.Vanished.AddRange(listing.Entries.FindAll(Vanishes).Select(entry => entry.Name));
            listing.Entries.RemoveAll(Vanishes);
        }
        return listing;
    }

    public override SourceEntry? Find(RelativePath path) => inner.Find(path);

    public override SourceFile? OpenFile(RelativePath path)
    {
        Interlocked.Increment(ref _opened);
        BeforeOpen?.Invoke(path);
        return inner.OpenFile(path);
    }

    public override void Dispose() => inner.Dispose();
}
