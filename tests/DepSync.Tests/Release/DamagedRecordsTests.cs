using System.Text;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>Every file that DepSync keeps, on either side, damaged in every way that disks and people damage files: healed, or refused with a reason; never a crash.</summary>
public sealed class DamagedRecordsTests : IDisposable
{
    private readonly ReleaseFixture _fixture = new();

    public static TheoryData<string> Damages => ["empty", "first half", "last byte changed", "zeros", "text", "other JSON", "null JSON", "very long", "a folder", "a link to nowhere"];

    public void Dispose() => _fixture.Dispose();

    [NeedsTheory, MemberData(nameof(Damages))]
    public async Task A_damaged_record_is_healed_or_refused_with_a_reason(string damage)
    {
        _fixture.Manager.Write("conf/a", "a").Write("conf/b", "b").Write("lib/c", "c");
        await _fixture.SyncAsync();
        foreach (var file in Records())
        {
            var whole = File.ReadAllBytes(file);
            Damage(file, whole, damage);
            _fixture.Manager.Write("conf/a", $"changed for {Path.GetFileName(file)}");
            try
            {
                var result = await _fixture.SyncAsync();
                Assert.True(result.Error is null or { Kind: ErrorKind.Fenced or ErrorKind.Target or ErrorKind.LocalFiles, Message.Length: > 0 }, $"{file}: {result.Error}");
                if (result.Error is null)
                {
                    _fixture.AssertEqualTrees();
                }
            }
            catch (DepSyncException exception)
            {
                Assert.True(exception.Kind == ErrorKind.LocalFiles, $"{file}: {exception.Message}");
            }
            Restore(file, whole);
            Assert.Null((await _fixture.SyncAsync(_fixture.Config with { Takeover = true })).Error);
            _fixture.AssertEqualTrees();
        }
    }

    [NeedsTheory, MemberData(nameof(Damages))]
    public async Task Damaged_records_of_a_run_that_was_cut_off_hold_up_nothing(string damage)
    {
        _fixture.Manager.Write("conf/a", "a");
        await _fixture.SyncAsync();
        _fixture.Worker.Write(".depsync/run-90/owner", "{}").Write(".depsync/run-90/journal", "# depsync journal 1\nkept 1 file 644 conf/a\n").Write(".depsync/run-90/old/1", "old");
        foreach (var name in (string[])["owner", "journal"])
        {
            var file = Path.Combine(_fixture.WorkerFolder, "run-90", name);
            Damage(file, File.ReadAllBytes(file), damage);
        }
        Assert.Null((await _fixture.SyncAsync()).Error);
        _fixture.AssertEqualTrees();
        Assert.Equal(["generations", "manifest", "owner.json"], _fixture.OwnNames());
    }

    private IEnumerable<string> Records() =>
        [.. Directory.GetFiles(_fixture.StateDir, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal), .. Directory.GetFiles(_fixture.WorkerFolder).Order(StringComparer.Ordinal)];

    private static void Damage(string file, byte[] whole, string damage)
    {
        File.Delete(file);
        switch (damage)
        {
            case "a folder":
                Directory.CreateDirectory(Path.Combine(file, "below"));
                return;
            case "a link to nowhere":
                File.CreateSymbolicLink(file, "/nowhere/at/all");
                return;
            default:
                File.WriteAllBytes(file, Damaged(whole, damage));
                return;
        }
    }

    private static byte[] Damaged(byte[] whole, string damage) => damage switch
    {
        "empty" => [],
        "first half" => whole[..(whole.Length / 2)],
        "last byte changed" => [.. whole[..^1], (byte)(whole[^1] ^ 0x55)],
        "zeros" => new byte[whole.Length],
        "text" => "not what you expected\n"u8.ToArray(),
        "other JSON" => "{\"schema\":\"one\",\"id\":[],\"epoch\":-1,\"number\":1e99}"u8.ToArray(),
        "null JSON" => "null"u8.ToArray(),
        _ => Encoding.ASCII.GetBytes(new string('x', 5 << 20)),
    };

    private static void Restore(string file, byte[] whole)
    {
        if (Directory.Exists(file) && !new FileInfo(file).Attributes.HasFlag(FileAttributes.ReparsePoint))
        {
            Directory.Delete(file, recursive: true);
        }
        else
        {
            File.Delete(file);
        }
        File.WriteAllBytes(file, whole);
    }
}
