using System.Runtime.Versioning;
using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>What a worker has already is not sent; and whatever is wrong with it, the worker ends up with the manager's bytes.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class DeltaReleaseTests : IDisposable
{
    private const int Size = 400_000;
    private const string Signatures = "signatures";

    private readonly ReleaseFixture _run = new(TempTree.InMemory());

    /// <summary>Of the last push.</summary>
    private FaultScript _script = new();

    /// <summary>Of the next push; null: a worker that does what it says.</summary>
    private FaultScript? _next;

    public void Dispose() => _run.Dispose();

    [NeedsFact("find")]
    public async Task Only_what_differs_of_a_changed_file_is_sent()
    {
        await PushAsync(("a/app.war", Bytes(1)));
        var changed = Changed(1);
        Assert.InRange(await PushAsync(("a/app.war", changed)), 1, 10_000);
        // And once more, from the version that was put together.
        changed[^1] ^= 1;
        Assert.InRange(await PushAsync(("a/app.war", changed)), 1, 10_000);
    }

    [NeedsFact("find")]
    public async Task Content_that_the_worker_has_under_another_name_is_not_sent()
    {
        await PushAsync(("a/old", Bytes(1)), ("a/kept", Bytes(2)), ("a/small", Bytes(3)[..1000]));
        _run.Manager.Rename("a/old"u8, "a/new"u8).Rename("a/small"u8, "a/tiny"u8);
        Assert.Equal(1000, await PushAsync(("b/copy", Bytes(2))));
        Assert.Contains(_run.Events.OfType<EntryChanged>(), change => change.Change is { Action: ChangeAction.Delete } deleted && deleted.Path.ToString() == "a/old");
    }

    [NeedsFact("find")]
    public async Task File_that_changed_beyond_recognition_is_sent_whole()
    {
        await PushAsync(("app.war", Bytes(1)));
        Assert.Equal(Size, await PushAsync(("app.war", Bytes(2))));
        Assert.DoesNotContain(Calls(), call => call.StartsWith("copy", StringComparison.Ordinal));
    }

    [NeedsTheory("find")]
    [InlineData("whole_file")]
    [InlineData("no exec")]
    [InlineData("local")]
    public async Task Every_file_is_sent_whole_where_that_is_asked_for_or_nothing_could_be_checked(string why)
    {
        var config = _run.Config with { WholeFile = why == "whole_file", Ssh = new SshSettings { Exec = why != "no exec" } };
        var script = new FaultScript { Copies = why != "local" };
        _run.Connect = script.Connect;
        _run.Manager.Write("app.war"u8, Bytes(1));
        await _run.SyncAsync(config);
        _run.Manager.Write("app.war"u8, Changed(1));
        Assert.Equal(Size, (await _run.SyncAsync(config)).BytesSent);
        Assert.False(Directory.EnumerateDirectories(_run.StateDir, Signatures, SearchOption.AllDirectories).Any());
        Assert.DoesNotContain(script.Calls, call => call.StartsWith("hash", StringComparison.Ordinal));
    }

    [NeedsFact("find")]
    public async Task Worker_that_cannot_hash_gets_every_file_whole_and_is_asked_once()
    {
        await PushAsync(("a", Bytes(1)), ("b", Bytes(2)));
        _next = new FaultScript { Copies = true, Fails = call => call.StartsWith("hash", StringComparison.Ordinal) };
        Assert.Equal(2 * Size, await PushAsync(("a", Changed(1)), ("b", Changed(2))));
        Assert.Single(Calls(), call => call.StartsWith("hash", StringComparison.Ordinal));
        Assert.Single(_run.Events.OfType<Note>(), note => note.Level == NoteLevel.Detail && note.Message.Contains("cannot hash", StringComparison.Ordinal));
    }

    [NeedsFact("find")]
    public async Task Copies_that_bring_other_bytes_are_found_out_and_the_file_is_sent()
    {
        await PushAsync(("app.war", Bytes(1)));
        _next = new FaultScript { Copies = true, Copied = bytes => new byte[bytes.Length] };
        Assert.InRange(await PushAsync(("app.war", Changed(1))), Size, Size + 10_000);
        Assert.Single(Notes("is not what it should be"));
    }

    [NeedsFact("find")]
    public async Task Copies_that_bring_less_are_found_out_and_the_file_is_sent()
    {
        await PushAsync(("app.war", Bytes(1)));
        _next = new FaultScript { Copies = true, Copied = bytes => bytes[..^1] };
        Assert.InRange(await PushAsync(("app.war", Changed(1))), Size, Size + 10_000);
    }

    [NeedsTheory("find")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Old_version_that_is_changed_between_the_look_and_the_copy_is_found_out(bool secretly)
    {
        await PushAsync(("app.war", Bytes(1)));
        var seconds = new DateTimeOffset(File.GetLastWriteTimeUtc(Path.Combine(_run.Worker.Path, "app.war"))).ToUnixTimeSeconds();
        _next = new FaultScript
        {
            Copies = true,
            Before = call =>
            {
                if (call == "open app.war")
                {
                    _run.Worker.Write("app.war"u8, Bytes(7)).SetModified("app.war"u8, seconds + (secretly ? 0 : 10));
                }
            },
        };
        Assert.InRange(await PushAsync(("app.war", Changed(1))), Size, Size + 10_000);
        Assert.Equal(secretly ? 1 : 0, Notes("is not what it should be").Count());
    }

    [NeedsTheory("find")]
    [InlineData("damaged")]
    [InlineData("missing")]
    [InlineData("of another file")]
    public async Task Signature_that_is_of_no_use_costs_bytes_alone(string how)
    {
        await PushAsync(("other", Bytes(9)), ("app.war", Bytes(1)));
        var files = Directory.EnumerateFiles(_run.StateDir, "*", SearchOption.AllDirectories).Where(path => path.Contains(Signatures, StringComparison.Ordinal)).ToArray();
        Assert.Equal(2, files.Length);
        var signatures = files.Select(File.ReadAllBytes).ToArray();
        foreach (var (file, i) in files.Select((file, i) => (file, i)))
        {
            switch (how)
            {
                case "damaged":
                    File.WriteAllBytes(file, [.. signatures[i][..^1], (byte)(signatures[i][^1] ^ 1)]);
                    break;
                case "missing":
                    File.Delete(file);
                    break;
                default:
                    File.WriteAllBytes(file, signatures[1 - i]);
                    break;
            }
        }
        // With the signature of the other file everything seems to be there, and what is put together is wrong.
        var edited = how == "of another file" ? Changed(9) : Changed(1);
        Assert.InRange(await PushAsync(("app.war", edited)), Size, Size + 10_000);
        Assert.Equal(how == "of another file" ? 1 : 0, Notes("is not what it should be").Count());
        edited[^1] ^= 1;
        Assert.InRange(await PushAsync(("app.war", edited)), 1, 10_000);
    }

    [NeedsFact("find")]
    public async Task Source_that_changes_while_differences_are_sent_is_deferred()
    {
        await PushAsync(("app.war", Bytes(1)));
        _run.Manager.Write("app.war"u8, Changed(1));
        var script = new FaultScript
        {
            Copies = true,
            Before = call =>
            {
                if (call == "open app.war")
                {
                    _run.Manager.Write("app.war"u8, Bytes(5));
                }
            },
        };
        _run.Connect = script.Connect;
        var result = await _run.SyncAsync();
        Assert.Equal((1, null), (result.Deferred, result.Error?.Kind));
        Assert.Equal(Bytes(1), File.ReadAllBytes(Path.Combine(_run.Worker.Path, "app.war")));
    }

    [NeedsFact("find")]
    public async Task Dry_run_remembers_nothing()
    {
        await PushAsync(("app.war", Bytes(1)));
        var before = Directory.GetFileSystemEntries(_run.StateDir, "*", SearchOption.AllDirectories);
        _run.Manager.Write("app.war"u8, Changed(1));
        await _run.SyncAsync(_run.Config with { DryRun = true });
        Assert.Equal(before, Directory.GetFileSystemEntries(_run.StateDir, "*", SearchOption.AllDirectories));
    }

    private IReadOnlyList<string> Calls() => _script.Calls;

    private IEnumerable<Note> Notes(string text) => _run.Events.OfType<Note>().Where(note => note.Message.Contains(text, StringComparison.Ordinal));

    /// <summary>Pushes what the manager has with these contents; the trees must be equal. Returns the bytes sent.</summary>
    private async Task<long> PushAsync(params (string Path, byte[] Bytes)[] files)
    {
        foreach (var (path, bytes) in files)
        {
            _run.Manager.Write(System.Text.Encoding.UTF8.GetBytes(path), bytes);
        }
        _script = _next ?? new FaultScript { Copies = true };
        _next = null;
        _run.Connect = _script.Connect;
        var result = await _run.SyncAsync(_run.Config with { Durable = false });
        Assert.Null(result.Error);
        _run.AssertEqualTrees();
        return result.BytesSent;
    }

    private static byte[] Bytes(int seed)
    {
        var bytes = new byte[Size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Changed(int seed)
    {
        var bytes = Bytes(seed);
        bytes[Size / 2] ^= 1;
        return bytes;
    }
}
