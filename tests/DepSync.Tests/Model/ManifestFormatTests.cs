using System.Security.Cryptography;
using System.Text;
using CsCheck;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Model;

public sealed class ManifestFormatTests
{
    private static readonly Manifest Small = SnapshotText.ManifestOf(SnapshotText.Parse("""
        webapps/a.war = one  @1700000001.5 m640
        lib/current -> ../shared lib
        -  @5
        back\slash = two
        """)) with { Number = 12, Generation = 10 };

    [Fact]
    public void A_manifest_is_text_that_people_and_sha256sum_can_read() => Assert.StartsWith("""
        # depsync manifest, checked by: sha256sum -c .depsync/manifest
        # schema 1
        # number 12
        # generation 10
        # d 755 1700000000000000000 1700000000 .
        # f 644 5000000000 5 0
        e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  ./-
        # f 644 1700000000000000000 1700000000 3
        \3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3  back\\slash
        # d 755 1700000000000000000 1700000000 lib
        # l 777 1700000000000000000 1700000000 ../shared\slib lib/current
        # d 755 1700000000000000000 1700000000 webapps
        # f 640 1700000001500000000 1700000001 3
        7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed  webapps/a.war
        # end 7 
        """, Encoding.UTF8.GetString(ManifestFormat.Write(Small).Span), StringComparison.Ordinal);

    [Fact]
    public void What_was_written_is_read_back() => Entries.Sample(entries =>
    {
        var manifest = new Manifest { Number = 7, Generation = 3, Entries = entries };
        Assert.True(ManifestFormat.TryParse(ManifestFormat.Write(manifest).Span, out var read));
        Assert.Equal((7, 3, entries.Count), (read.Number, read.Generation, read.Entries.Count));
        foreach (var (path, entry) in entries)
        {
            var back = read.Entries[path];
            Assert.Equal(entry with { LinkTarget = null }, back with { LinkTarget = null });
            Assert.Equal(entry.LinkTarget, back.LinkTarget);
        }
    }, iter: 300);

    [Fact]
    public void A_manifest_cut_off_anywhere_is_refused()
    {
        var bytes = ManifestFormat.Write(Small).ToArray();
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.False(ManifestFormat.TryParse(bytes.AsSpan(0, length), out _));
        }
    }

    [Fact]
    public void A_manifest_with_any_byte_changed_is_refused()
    {
        var bytes = ManifestFormat.Write(Small).ToArray();
        for (var i = 0; i < bytes.Length; i++)
        {
            // Not bit 0x20: the hash is the same in capitals.
            bytes[i] ^= 0x01;
            Assert.False(ManifestFormat.TryParse(bytes, out _), $"byte {i}");
            bytes[i] ^= 0x01;
        }
        Assert.False(ManifestFormat.TryParse([.. bytes, (byte)'\n'], out _));
    }

    [Theory]
    [InlineData("# d 755 1 1 ../x\n", 1)]
    [InlineData("# d 755 1 1 /x\n", 1)]
    [InlineData("# d 755 1 1 x\n# d 755 1 1 x\n", 2)]
    [InlineData("# d 755 1 1 x\n# d 755 1 1 b\n", 2)]
    [InlineData("# d 755 1 1 x\n", 2)]
    [InlineData("# d 755 1 1 x\n", -1)]
    [InlineData("# d 755 1 1 x\n", int.MaxValue)]
    [InlineData("# d 958 1 1 x\n", 1)]
    [InlineData("# d 755 1 -1 x\n", 1)]
    [InlineData("# d 755 1 4294967296 x\n", 1)]
    [InlineData("# d 755 99999999999999999999 1 x\n", 1)]
    [InlineData("# d 755 1 1 x\\\n", 1)]
    [InlineData("# d 755 1 1 x\\q\n", 1)]
    [InlineData("# d 755 1 1 \n", 1)]
    [InlineData("# d 755 1\n", 1)]
    [InlineData("# s 755 1 1 x\n", 1)]
    [InlineData("# l 777 1 1 t\n", 1)]
    [InlineData("# f 644 1 1 -3\n3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3  x\n", 1)]
    [InlineData("# f 644 1 1 3\n", 1)]
    [InlineData("# f 644 1 1 3\n3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3\n", 1)]
    [InlineData("# f 644 1 1 3\n3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3  ../x\n", 1)]
    [InlineData("3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3  x\n", 1)]
    [InlineData("\n", 0)]
    public void A_malformed_entry_is_refused_although_the_hash_fits(string lines, int count) => Assert.False(ManifestFormat.TryParse(Signed(lines, count), out _));

    [Fact]
    public void A_well_formed_entry_with_a_fitting_hash_is_accepted() => Assert.True(ManifestFormat.TryParse(Signed("# d 755 1 1 x\n", 1), out _));

    [Fact]
    public void Arbitrary_bytes_never_throw() => OftenOf("#\n \\dfl0123456789./-"u8).Array[0, 60].Sample(bytes =>
    {
        Assert.False(ManifestFormat.TryParse(bytes, out _));
        _ = ManifestFormat.TryParse(Signed(Encoding.Latin1.GetString(bytes), 1), out _);
    });

    [Fact]
    public void Reading_takes_memory_in_proportion_to_the_text()
    {
        var entries = Enumerable.Range(0, 20_000).ToDictionary(
            i => RelativePath.Parse($"webapps/application-{i % 100}/WEB-INF/classes/file-{i}.class"),
            i => new ManifestEntry { Kind = EntryKind.File, Mode = 0x1A4, Size = i, SourceModifiedNs = i, WorkerSeconds = i, Digest = new Digest((ulong)i, 2, 3, 4) });
        var bytes = ManifestFormat.Write(new Manifest { Number = 1, Generation = 1, Entries = entries });
        var smallest = Signed(string.Concat(Enumerable.Range(0, 20_000).Select(i => $"# d 755 1 1 {(char)('a' + (i / 676))}{(char)('a' + (i / 26 % 26))}{(char)('a' + (i % 26))}\n")), 20_000);
        Assert.InRange(Allocated(bytes.Span), 0, 4 * bytes.Length);
        Assert.InRange(Allocated(smallest), 0, 32 * smallest.Length);
        Assert.InRange(Allocated(bytes.Span[..^1]), 0, 10_000);

        static long Allocated(ReadOnlySpan<byte> text)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            _ = ManifestFormat.TryParse(text, out var manifest);
            GC.KeepAlive(manifest);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public void Sha256sum_accepts_the_manifest_of_a_tree_with_odd_names()
    {
        using var folder = new OddTree();
        var bytes = ManifestFormat.Write(folder.Manifest);
        Assert.True(ManifestFormat.TryParse(bytes.Span, out _));
        folder.Write(".depsync/manifest", bytes.ToArray());
        var (exitCode, output, errors) = folder.Run("sha256sum", "-c", "--strict", "--quiet", ".depsync/manifest");
        Assert.Equal((0, "", ""), (exitCode, output, errors));
        var (_, checkedLines, _) = folder.Run("sha256sum", "-c", ".depsync/manifest");
        Assert.Equal(OddTree.FileCount, checkedLines.Split('\n').Count(line => line.EndsWith(": OK", StringComparison.Ordinal)));
    }

    private static readonly Gen<byte[]> Name = OftenOf("\\\n\r -.*#x"u8).Array[1, 8].Where(n => RelativePath.IsName(n));

    private static readonly Gen<Dictionary<RelativePath, ManifestEntry>> Entries =
        Gen.Select(Name.Array[1, 3], Gen.Int[0, 2], Gen.Int[0, 0x1FF], Gen.Select(Gen.Long, Gen.UInt, Gen.Long[0, long.MaxValue], Name))
            .Select((names, kind, mode, facts) => (Path: names.Aggregate(RelativePath.Root, (path, name) => path.Child(name)), Entry: Entry((EntryKind)kind, mode, facts)))
            .Array[0, 8]
            .Select(pairs => pairs.DistinctBy(p => p.Path).ToDictionary(p => p.Path, p => p.Entry));

    private static ManifestEntry Entry(EntryKind kind, int mode, (long Ns, uint Seconds, long Size, byte[] Target) facts) => new()
    {
        Kind = kind,
        Mode = mode,
        SourceModifiedNs = facts.Ns,
        WorkerSeconds = facts.Seconds,
        Size = kind == EntryKind.File ? facts.Size : 0,
        LinkTarget = kind == EntryKind.Symlink ? facts.Target : null,
        Digest = kind == EntryKind.File ? new Digest(1, 2, 3, (ulong)facts.Size) : null,
    };

    /// <summary>A manifest of those entry lines with the last line that a writer would have put.</summary>
    private static byte[] Signed(string lines, int count)
    {
        byte[] body = [.. ManifestFormat.Heading, .. "# number 1\n# generation 1\n"u8, .. Encoding.Latin1.GetBytes(lines)];
        return [.. body, .. Encoding.ASCII.GetBytes($"# end {count} {Convert.ToHexStringLower(SHA256.HashData(body))}\n")];
    }

    /// <summary>Any byte, half of the time one of those.</summary>
    private static Gen<byte> OftenOf(ReadOnlySpan<byte> bytes)
    {
        var chosen = bytes.ToArray();
        return Gen.OneOf(Gen.Byte, Gen.Int[0, chosen.Length - 1].Select(i => chosen[i]));
    }
}
