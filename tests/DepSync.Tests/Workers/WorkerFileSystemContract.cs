using System.Text;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

/// <summary>
/// What every <see cref="IWorkerFileSystem"/> promises. A concrete class says how one is opened on a directory of this machine; the facts act through it and look at the directory.
/// </summary>
public abstract partial class WorkerFileSystemContract : IAsyncLifetime
{
    private readonly List<IWorkerFileSystem> _opened = [];
    private IWorkerFileSystem? _files;

    /// <summary>The target is <c>target</c> in here.</summary>
    private protected TempTree Tree { get; } = new();

    /// <summary>Whether this login is bound by permissions (root is not).</summary>
    private protected virtual bool PermissionsHold => !Libc.IsRoot;

    private protected IWorkerFileSystem Files => _files!;

    private string TargetDirectory => Path.Combine(Tree.Path, "target");

    public virtual async Task InitializeAsync()
    {
        Prepare();
        _files = await ConnectAsync();
        Assert.True(await Files.CreateDirectoryAsync(RelativePath.Root, Mode("755"), default));
    }

    public virtual async Task DisposeAsync()
    {
        foreach (var files in _opened)
        {
            await files.DisposeAsync();
        }
        Tree.Dispose();
    }

    private protected abstract Task<IWorkerFileSystem> OpenAsync(string directory);

    /// <summary>Before the first connect: what the tree needs.</summary>
    private protected virtual void Prepare()
    {
    }

    private protected async Task<IWorkerFileSystem> ConnectAsync(string name = "target")
    {
        var files = await OpenAsync(Path.Combine(Tree.Path, name));
        _opened.Add(files);
        return files;
    }

    private static RelativePath At(string path) => RelativePath.Parse(path);

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static int Mode(string octal) => Convert.ToInt32(octal, 8);

    private async Task WriteAsync(RelativePath path, byte[] content)
    {
        await using var file = await Files.CreateFileAsync(path, default);
        await file.WriteAtAsync(0, content, default);
        await file.CloseAsync(default);
    }

    private Task WriteAsync(string path, string content) => WriteAsync(At(path), Utf8(content));

    private async Task MakeDirectoryAsync(string path, string mode = "755") => Assert.True(await Files.CreateDirectoryAsync(At(path), Mode(mode), default));

    private async Task<byte[]> ReadAsync(RelativePath path)
    {
        await using var file = await Files.OpenAsync(path, default);
        Assert.NotNull(file);
        var content = new MemoryStream();
        var buffer = new byte[100_000];
        while (await file.ReadAtAsync(content.Length, buffer, default) is var count and > 0)
        {
            content.Write(buffer, 0, count);
        }
        return content.ToArray();
    }

    private async Task<string> ReadTextAsync(string path) => Encoding.UTF8.GetString(await ReadAsync(At(path)));

    private async Task<WorkerEntry> FindAsync(string path)
    {
        var entry = await Files.FindAsync(At(path), default);
        Assert.NotNull(entry);
        return entry.Value;
    }

    private async Task<string[]> NamesAsync(string path)
    {
        var entries = await Files.ListAsync(path.Length == 0 ? RelativePath.Root : At(path), default);
        Assert.NotNull(entries);
        return [.. entries.Select(entry => Encoding.UTF8.GetString(entry.Name)).Order(StringComparer.Ordinal)];
    }

    private async Task RefusedAsync(RelativePath path, WorkerFileError? error, Func<Task> call)
    {
        var refusal = await Assert.ThrowsAsync<WorkerFileException>(call);
        Assert.Equal(path, refusal.Path);
        Assert.NotEmpty(refusal.Message);
        if (error is { } expected)
        {
            Assert.Equal(expected, refusal.Error);
        }
        Assert.NotNull(await Files.FindAsync(RelativePath.Root, default));
    }

    // The target itself

    [Fact]
    public async Task The_place_is_the_canonical_path_of_the_target()
    {
        Assert.Equal(Canonical(TargetDirectory), Files.Place.CanonicalPath);
        Tree.MakeSymlink("link"u8, "target"u8);
        await WriteAsync("a", "x");
        var through = await ConnectAsync("link");
        Assert.Equal(Canonical(TargetDirectory), through.Place.CanonicalPath);
        Assert.NotNull(await through.FindAsync(At("a"), default));
    }

    [Fact]
    public async Task A_target_that_is_missing_is_found_absent_and_can_be_created()
    {
        var files = await ConnectAsync("missing");
        Assert.Equal(Canonical(Path.Combine(Tree.Path, "missing")), files.Place.CanonicalPath);
        Assert.Null(await files.FindAsync(RelativePath.Root, default));
        Assert.Null(await files.ListAsync(RelativePath.Root, default));
        Assert.Null(await files.FindAsync(At("a/b"), default));
        Assert.True(await files.CreateDirectoryAsync(RelativePath.Root, Mode("755"), default));
        Assert.False(await files.CreateDirectoryAsync(RelativePath.Root, Mode("755"), default));
        Assert.Equal(EntryKind.Directory, (await files.FindAsync(RelativePath.Root, default))!.Value.Kind);
        Assert.Empty((await files.ListAsync(RelativePath.Root, default))!);
    }

    [Fact]
    public async Task A_transfer_takes_at_least_32_KiB_and_space_is_free()
    {
        Assert.True(Files.Capabilities.MaxTransfer >= 32 * 1024);
        var space = await Files.FreeSpaceAsync(RelativePath.Root, default);
        Assert.True(space is null or { Bytes: > 0, ReadOnly: false });
    }

    private static string Canonical(string path)
    {
        using var resolved = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("realpath", ["-m", path]) { RedirectStandardOutput = true })!;
        return resolved.StandardOutput.ReadToEnd().TrimEnd('\n');
    }

    // Listing and finding

    [Fact]
    public async Task A_listing_tells_kind_size_mode_and_time()
    {
        await WriteAsync("file", "12345");
        await Files.SetAttributesAsync(At("file"), EntryKind.File, new AttributeChange(Mode("640"), 1_600_000_000), default);
        await MakeDirectoryAsync("folder", "700");
        await Files.CreateSymlinkAsync(At("link"), Utf8("file"), default);
        var entries = (await Files.ListAsync(RelativePath.Root, default))!.ToDictionary(entry => Encoding.UTF8.GetString(entry.Name));
        Assert.Equal(3, entries.Count);
        var file = entries["file"];
        Assert.Equal((EntryKind.File, 5L, 1_600_000_000L, Mode("640")), (file.Kind, file.Size, file.Seconds, file.Mode));
        Assert.Equal((EntryKind.Directory, Mode("700")), (entries["folder"].Kind, entries["folder"].Mode));
        Assert.Equal(EntryKind.Symlink, entries["link"].Kind);
    }

    [Fact]
    public async Task An_empty_directory_lists_as_empty()
    {
        await MakeDirectoryAsync("empty");
        Assert.Empty(await NamesAsync("empty"));
    }

    [Theory]
    [InlineData("absent")]
    [InlineData("absent/below")]
    [InlineData("file")]
    [InlineData("file/below")]
    [InlineData("link")]
    public async Task Listing_what_is_no_directory_gives_null(string path)
    {
        await WriteAsync("file", "x");
        await MakeDirectoryAsync("folder");
        await WriteAsync("folder/a", "x");
        await Files.CreateSymlinkAsync(At("link"), Utf8("folder"), default);
        Assert.Null(await Files.ListAsync(At(path), default));
    }

    [Fact]
    public async Task A_large_directory_lists_every_entry_once()
    {
        await MakeDirectoryAsync("many");
        var names = Enumerable.Range(0, 1234).Select(i => $"entry-{i:d4}").ToArray();
        await Task.WhenAll(names.Select(name => WriteAsync($"many/{name}", "")));
        Assert.Equal(names, await NamesAsync("many"));
    }

    [Theory]
    [InlineData("444")]
    [InlineData("311")]
    [InlineData("000")]
    public async Task A_directory_that_cannot_be_read_or_searched_throws_and_is_never_empty(string mode)
    {
        await MakeDirectoryAsync("closed");
        await WriteAsync("closed/file", "x");
        Assert.True(await Files.SetAttributesAsync(At("closed"), EntryKind.Directory, new AttributeChange(Mode(mode)), default));
        if (PermissionsHold)
        {
            await RefusedAsync(At("closed"), WorkerFileError.PermissionDenied, async () => await Files.ListAsync(At("closed"), default));
        }
        else
        {
            Assert.Equal(["file"], await NamesAsync("closed"));
        }
    }

    [Fact]
    public async Task Finding_tells_the_entry_itself()
    {
        await WriteAsync("file", "12345");
        await MakeDirectoryAsync("folder", "750");
        await Files.CreateSymlinkAsync(At("link"), Utf8("folder"), default);
        var file = await FindAsync("file");
        Assert.Equal((EntryKind.File, 5L, 0), (file.Kind, file.Size, file.Name.Length));
        var folder = await FindAsync("folder");
        Assert.Equal((EntryKind.Directory, Mode("750")), (folder.Kind, folder.Mode));
        Assert.Equal(EntryKind.Symlink, (await FindAsync("link")).Kind);
        Assert.Equal(EntryKind.Directory, (await Files.FindAsync(RelativePath.Root, default))!.Value.Kind);
    }

    [Theory]
    [InlineData("absent")]
    [InlineData("absent/below")]
    [InlineData("file/below")]
    public async Task Whatever_is_absent_is_an_answer(string path)
    {
        await WriteAsync("file", "x");
        Assert.Null(await Files.FindAsync(At(path), default));
        Assert.Null(await Files.ReadLinkAsync(At(path), default));
        Assert.Null(await Files.OpenAsync(At(path), default));
        Assert.False(await Files.RenameAsync(At(path), At("new"), default));
        Assert.False(await Files.RemoveFileAsync(At(path), default));
        Assert.False(await Files.RemoveDirectoryAsync(At(path), default));
        Assert.False(await Files.SetAttributesAsync(At(path), EntryKind.File, new AttributeChange(Mode("600")), default));
        await Files.FlushDirectoryAsync(At(path), default);
        if (Files.Capabilities.HardLinks)
        {
            Assert.False(await Files.LinkAsync(At(path), At("new"), default));
        }
        if (Files.Capabilities.LinkTimes)
        {
            Assert.False(await Files.SetAttributesAsync(At(path), EntryKind.Symlink, new AttributeChange(Seconds: 1), default));
        }
    }

    // Names

    public static TheoryData<string> OddNames => [.. OddNameBytes.Keys];

    private static readonly Dictionary<string, byte[]> OddNameBytes = new()
    {
        ["newline"] = "a\nb"u8.ToArray(),
        ["carriage return and tab"] = "\ra\t"u8.ToArray(),
        ["quotes"] = "'a\"b`c$(d)"u8.ToArray(),
        ["escape"] = "\u001b[31m"u8.ToArray(),
        ["not UTF-8"] = [0xff, 0xfe, 0x80, (byte)'x'],
        ["longest"] = [.. Enumerable.Repeat((byte)'n', 255)],
        ["spaces"] = "  a  "u8.ToArray(),
        ["dash"] = "-rf"u8.ToArray(),
        ["backslash"] = "a\\b"u8.ToArray(),
        ["wildcard"] = "*?[a]"u8.ToArray(),
        ["tilde"] = "~"u8.ToArray(),
        ["three dots"] = "..."u8.ToArray(),
        ["bidirectional"] = "a\u202eb"u8.ToArray(),
        ["control"] = [1, 0x7f],
    };

    [Theory, MemberData(nameof(OddNames))]
    public async Task An_odd_name_goes_through_unchanged(string which)
    {
        var name = OddNameBytes[which];
        var path = RelativePath.Root.Child(name);
        await WriteAsync(path, Utf8("content"));
        Assert.Equal(name, Assert.Single((await Files.ListAsync(RelativePath.Root, default))!).Name);
        Assert.True(Tree.Exists([.. "target/"u8, .. name]));
        Assert.Equal("content"u8.ToArray(), await ReadAsync(path));
        await Files.CreateSymlinkAsync(At("link"), name, default);
        Assert.Equal(name, await Files.ReadLinkAsync(At("link"), default));
        Assert.True(await Files.RemoveFileAsync(path, default));
        Assert.Equal(["link"], await NamesAsync(""));
    }

    [Fact]
    public async Task A_path_of_3000_bytes_works()
    {
        var path = RelativePath.Root;
        while (path.Bytes.Length < 3000)
        {
            path = path.Child(new string('d', 199));
            Assert.True(await Files.CreateDirectoryAsync(path, Mode("755"), default));
        }
        await WriteAsync(path.Child("file"), Utf8("deep"));
        Assert.Equal("deep"u8.ToArray(), await ReadAsync(path.Child("file")));
        Assert.Single((await Files.ListAsync(path, default))!);
    }

    [Fact]
    public async Task A_name_that_is_too_long_is_refused_as_a_bad_name()
    {
        var path = At(new string('n', 256));
        await RefusedAsync(path, WorkerFileError.BadName, async () => await Files.CreateFileAsync(path, default));
    }
}
