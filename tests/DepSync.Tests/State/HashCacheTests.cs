using DepSync.Model;
using DepSync.State;
using DepSync.Tests.Support;

namespace DepSync.Tests.State;

public sealed class HashCacheTests : IDisposable
{
    private const long Second = 1_000_000_000;

    private static readonly RelativePath A = RelativePath.Parse("carbonapps/a.car");
    private static readonly KnownContent Content = new(new Digest(1, 2, 3, 4), ArchiveEnd.Broken);

    private readonly string _folder = Directory.CreateTempSubdirectory("depsync-cache-").FullName;
    private readonly FakeTimeProvider _clock = new();

    private string File => Path.Combine(_folder, "hashes");

    private long NowNs => (_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;

    private FileStamp Old => new(10, NowNs - (60 * Second), NowNs - (60 * Second), 7, 8);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Content_is_found_again_by_the_next_scan_when_nothing_changed()
    {
        Remember(Old);
        Assert.Equal(Content, Load().Find(A, Old));
    }

    [Fact]
    public void Content_is_unknown_when_any_part_of_the_stamp_changed()
    {
        Remember(Old);
        var cache = Load();
        Assert.Null(cache.Find(A, Old with { Size = 11 }));
        Assert.Null(cache.Find(A, Old with { ModifiedNs = Old.ModifiedNs + 1 }));
        Assert.Null(cache.Find(A, Old with { ChangedNs = Old.ChangedNs + 1 }));
        Assert.Null(cache.Find(A, Old with { Inode = 9 }));
        Assert.Null(cache.Find(A, Old with { Device = 9 }));
        Assert.Null(cache.Find(RelativePath.Parse("carbonapps/b.car"), Old));
    }

    [Theory]
    [InlineData(-3, -3, true)]
    [InlineData(-1, -3, false)]
    [InlineData(-3, -1, false)]
    [InlineData(-2, -2, false)]
    [InlineData(3600, -3600, false)]
    public void File_that_changed_just_before_the_scan_is_read_again(int modified, int changed, bool remembered)
    {
        var stamp = new FileStamp(1, NowNs + (modified * Second), NowNs + (changed * Second), 1, 1);
        Remember(stamp);
        Assert.Equal(remembered, Load().Find(A, stamp) is not null);
        Assert.Equal(Content.Digest, Load().LastContent(A));
    }

    [Fact]
    public void Last_content_is_what_the_last_scan_that_read_the_file_found_whatever_it_holds_now()
    {
        Assert.Null(Load().LastContent(A));
        Remember(Old);
        var cache = Load();
        Assert.Null(cache.Find(A, Old with { Size = 11 }));
        Assert.Equal(Content.Digest, cache.LastContent(A));
        Assert.Null(cache.LastContent(RelativePath.Parse("carbonapps/b.car")));
    }

    [Fact]
    public void Entry_that_a_complete_scan_did_not_see_is_dropped()
    {
        var other = RelativePath.Parse("other");
        var cache = Load();
        cache.Add(A, Old, Content);
        cache.Add(other, Old, Content);
        cache.Save(UnseenEntries.Drop);

        cache = Load();
        cache.Find(A, Old);
        cache.Save(UnseenEntries.Keep);
        Assert.NotNull(Load().Find(other, Old));

        cache = Load();
        cache.Find(A, Old);
        cache.Save(UnseenEntries.Drop);
        Assert.Null(Load().Find(other, Old));
        Assert.NotNull(Load().Find(A, Old));
    }

    [Fact]
    public void Cache_that_did_not_change_is_not_written_again()
    {
        Remember(Old);
        System.IO.File.SetLastWriteTimeUtc(File, new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        var cache = Load();
        cache.Find(A, Old);
        cache.Save(UnseenEntries.Drop);
        Assert.Equal(2001, System.IO.File.GetLastWriteTimeUtc(File).Year);
    }

    [Fact]
    public void Damaged_cache_is_empty_wherever_the_damage_is()
    {
        Remember(Old);
        var whole = System.IO.File.ReadAllBytes(File);
        for (var i = 0; i < whole.Length; i++)
        {
            var damaged = whole.ToArray();
            damaged[i] ^= 0x41;
            System.IO.File.WriteAllBytes(File, damaged);
            Assert.Null(Load().Find(A, Old));
            System.IO.File.WriteAllBytes(File, whole[..i]);
            Assert.Null(Load().Find(A, Old));
        }
    }

    [Fact]
    public void Cache_that_cannot_be_read_is_empty()
    {
        Directory.CreateDirectory(File);
        Assert.Null(Load().Find(A, Old));
    }

    [Fact]
    public void Cache_that_cannot_be_written_says_so()
    {
        Directory.CreateDirectory(File);
        Assert.Equal(ErrorKind.LocalFiles, Assert.Throws<DepSyncException>(() => Remember(Old)).Kind);
    }

    [Fact]
    public void Names_that_are_not_utf8_are_kept_byte_by_byte()
    {
        Assert.True(RelativePath.TryParse([(byte)'a', 0xff, (byte)'\n', (byte)'/', 0xc3], out var odd));
        var cache = Load();
        cache.Add(odd, Old, Content);
        cache.Save(UnseenEntries.Drop);
        Assert.Equal(Content, Load().Find(odd, Old));
    }

    internal static HashCache Empty(TimeProvider clock) => HashCache.Load(Path.Combine(Path.GetTempPath(), "depsync-no-such-cache"), clock);

    private HashCache Load() => HashCache.Load(File, _clock);

    private void Remember(FileStamp stamp)
    {
        var cache = Load();
        cache.Add(A, stamp, Content);
        cache.Save(UnseenEntries.Drop);
    }
}
