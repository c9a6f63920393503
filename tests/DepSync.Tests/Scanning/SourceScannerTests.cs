using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using DepSync.Model;
using DepSync.Scanning;
using DepSync.Tests.Support;

namespace DepSync.Tests.Scanning;

public sealed class SourceScannerTests : IDisposable
{
    private readonly SourceScan _scan = new();

    public void Dispose() => _scan.Dispose();

    [NeedsFact]
    public async Task Every_kind_is_found_with_its_attributes()
    {
        _scan.Tree.Write("carbonapps/a.xml", "abc").SetMode("carbonapps/a.xml"u8, 0x1A0).SetModified("carbonapps/a.xml"u8, 1_600_000_000, 123).SetMode("carbonapps"u8, 0x1E8);
        _scan.Tree.MakeSymlink("loop"u8, "."u8).MakeSymlink("dangling"u8, "/no/where"u8).MakeDirectory("empty"u8);
        var snapshot = await _scan.RunAsync();
        Assert.Equal(["carbonapps", "carbonapps/a.xml", "dangling", "empty", "loop"], SourceScan.Paths(snapshot));
        var file = SourceScan.Entry(snapshot, "carbonapps/a.xml");
        Assert.Equal((EntryKind.File, 3, 1_600_000_000_000_000_123, 0x1A0), (file.Kind, file.Size, file.ModifiedNs, file.Mode));
        Assert.Equal((Digest.FromBytes(SHA256.HashData("abc"u8)), Deferral.None), (file.Digest, file.Deferral));
        Assert.Equal(0x1E8, SourceScan.Entry(snapshot, "carbonapps").Mode);
        Assert.Equal("."u8.ToArray(), SourceScan.Entry(snapshot, "loop").LinkTarget);
        Assert.Equal(EntryKind.Directory, snapshot.Root!.Kind);
        Assert.NotEqual(0, snapshot.Root.ModifiedNs);
        Assert.Empty(snapshot.Problems);
    }

    [NeedsFact]
    public async Task Names_are_bytes()
    {
        byte[][] names = ["new\nline"u8.ToArray(), "-dash"u8.ToArray(), "\x1b[31m"u8.ToArray(), "\u00e9"u8.ToArray(), [.. Enumerable.Repeat((byte)'x', 255)]];
        if (OperatingSystem.IsLinux())
        {
            // macOS refuses what is not UTF-8, and takes two forms of one letter for one name.
            names = [.. names, [(byte)'a', 0xff, 0xfe], "e\u0301"u8.ToArray()];
        }
        foreach (var name in names)
        {
            _scan.Tree.Write(name, name).Write([.. "d/"u8, .. name, .. "/f"u8], name);
        }
        _scan.Tree.MakeSymlink("link"u8, [0xc3, (byte)'\n']);
        var snapshot = await _scan.RunAsync();
        Assert.Equal((names.Length * 3) + 2, snapshot.Entries.Count);
        Assert.All(snapshot.Entries.Where(e => e.Kind == EntryKind.File && e.Path.Depth == 1), e => Assert.Equal(Digest.FromBytes(SHA256.HashData(e.Path.Bytes)), e.Digest));
        Assert.All(snapshot.Entries.Where(e => e.Kind == EntryKind.File), e => Assert.NotNull(e.Digest));
        Assert.Equal([0xc3, (byte)'\n'], snapshot.Entries.Single(e => e.Kind == EntryKind.Symlink).LinkTarget);
    }

    [NeedsFact]
    public async Task Path_of_three_thousand_bytes_and_one_beyond_the_systems_limit_are_read()
    {
        // macOS takes no path of more than 1,024 bytes in one call, which is what makes the tree here.
        var deep = string.Join('/', Enumerable.Repeat(new string('d', 99), OperatingSystem.IsLinux() ? 30 : 6));
        _scan.Tree.Write(deep + "/f", "deep");
        using (var shell = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(
            "perl", ["-e", "for (1..300) { mkdir 'twenty-bytes-a-level' or die; chdir 'twenty-bytes-a-level' or die } open F, '>', 'f'; print F 'deeper'"])
        { WorkingDirectory = _scan.Tree.Path })!)
        {
            await shell.WaitForExitAsync();
            Assert.Equal(0, shell.ExitCode);
        }
        var snapshot = await _scan.RunAsync();
        Assert.Equal(Digest.FromBytes(SHA256.HashData("deep"u8)), SourceScan.Entry(snapshot, deep + "/f").Digest);
        Assert.Equal(Digest.FromBytes(SHA256.HashData("deeper"u8)), snapshot.Entries.Single(e => e.Path.Depth == 301).Digest);
        Assert.Empty(snapshot.Problems);
    }

    [NeedsFact]
    public async Task Special_files_are_named_and_never_opened()
    {
        _scan.Tree.Write("a/x", "x");
        Libc.MakeFifo(_scan.Tree.Absolute("a/fifo"u8));
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Path.Combine(_scan.Tree.Path, "a/sock")));
        var snapshot = await _scan.RunAsync();
        Assert.Equal(["a/fifo", "a/sock"], snapshot.SpecialFiles.Order().Select(path => path.ToString()));
        Assert.Equal(["a", "a/x"], SourceScan.Paths(snapshot));
    }

    [NeedsFact]
    public async Task Filters_leave_out_and_protect()
    {
        _scan.Tree.Write("a/x.bak", "").Write("a/x.xml", "").Write("skip/y", "").Write("s/servicemetafiles/z", "").Write(".depsync/manifest", "");
        _scan.Rules = _scan.Rules with { Filters = new FilterSet(["*.bak", "skip/"], []) };
        var snapshot = await _scan.RunAsync();
        Assert.Equal(["a", "a/x.xml", "s", "s/servicemetafiles", "s/servicemetafiles/z"], SourceScan.Paths(snapshot));
        Assert.Equal(["s/servicemetafiles", "s/servicemetafiles/z"], snapshot.Entries.Where(e => e.Protected).Select(e => e.Path.ToString()));
    }

    [NeedsTheory]
    [InlineData(true, "webapps webapps/C webapps/C/f webapps/X.war webapps/Y.WAR webapps/Y webapps/Y/f webapps/c.war x x.war x/f")]
    [InlineData(false, "webapps webapps/C webapps/C/f webapps/X webapps/X.war webapps/X/f webapps/Y webapps/Y.WAR webapps/Y/f webapps/c.war x x.war x/f")]
    public async Task Directory_beside_its_archive_in_webapps_is_the_servers_work(bool ignore, string paths)
    {
        foreach (var file in new[] { "webapps/X.war", "webapps/X/f", "webapps/Y.WAR", "webapps/Y/f", "webapps/c.war", "webapps/C/f", "x.war", "x/f" })
        {
            _scan.Tree.Write(file, "");
        }
        _scan.Rules = _scan.Rules with { IgnoreExplodedWebapps = ignore };
        var snapshot = await _scan.RunAsync();
        Assert.Equal(paths.Split(' ').Order(StringComparer.Ordinal), SourceScan.Paths(snapshot).Order(StringComparer.Ordinal));
        Assert.Equal(ignore ? ["webapps/X", "webapps/c"] : [], snapshot.ExplodedWebapps.Order().Select(path => path.ToString()));
    }

    [NeedsFact]
    public async Task Archive_counts_for_its_exploded_directory_even_when_it_is_excluded()
    {
        _scan.Tree.Write("webapps/X.war", "").Write("webapps/X/f", "");
        _scan.Rules = _scan.Rules with { Filters = new FilterSet(["*.war"], []) };
        var snapshot = await _scan.RunAsync();
        Assert.Equal(["webapps"], SourceScan.Paths(snapshot));
        Assert.Equal(["webapps/X"], snapshot.ExplodedWebapps.Select(path => path.ToString()));
    }

    [NeedsFact]
    public async Task Mount_point_is_named_and_its_content_is_scanned()
    {
        _scan.Tree.Write("mnt/x", "x").Write("a/y", "y");
        var tree = new HookedTree(_scan.Open())
        {
            Change = entry => Encoding.UTF8.GetString(entry.Name) is "mnt" or "x" ? entry with { Stamp = entry.Stamp with { Device = 12345 } } : entry,
        };
        var snapshot = await _scan.RunAsync(tree);
        Assert.Equal(["mnt"], snapshot.MountPoints.Select(path => path.ToString()));
        Assert.Equal(["a", "a/y", "mnt", "mnt/x"], SourceScan.Paths(snapshot));
    }

    [NeedsFact]
    public async Task Unchanged_tree_is_not_read_again()
    {
        for (var i = 0; i < 50; i++)
        {
            _scan.Tree.Write($"d{i % 7}/f{i}.car", "PK no archive");
        }
        var first = await _scan.RunAsync();
        var tree = new HookedTree(_scan.Open());
        var second = await _scan.RunAsync(tree);
        Assert.Equal(0, tree.Opened);
        Assert.Equal(first.Entries.Select(e => (e.Path, e.Digest)), second.Entries.Select(e => (e.Path, e.Digest)));
        Assert.Equal(50, first.Warnings.Count);
        Assert.Equal(50, second.Warnings.Count);
    }

    [NeedsFact]
    public async Task Change_of_the_same_size_is_found_although_the_mtime_was_put_back()
    {
        _scan.Tree.Write("f", "abc").SetModified("f"u8, 1_600_000_000);
        await _scan.RunAsync();
        _scan.Tree.Write("f", "xyz").SetModified("f"u8, 1_600_000_000);
        Assert.Equal(Digest.FromBytes(SHA256.HashData("xyz"u8)), SourceScan.Entry(await _scan.RunAsync(), "f").Digest);
    }

    [NeedsFact]
    public async Task Cancelled_scan_ends_at_once()
    {
        _scan.Tree.Write("a/f", "abc");
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        using var tree = _scan.Open();
        var cache = State.HashCacheTests.Empty(_scan.Clock);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new SourceScanner(tree, cache, _scan.Rules, _scan.Clock).ScanAsync(cancelled.Token));
    }
}
