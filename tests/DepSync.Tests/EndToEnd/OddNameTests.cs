using System.Text;
using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>Names are bytes: whatever a Unix folder can hold is mirrored, told in one line without control characters, and deleted.</summary>
public sealed class OddNameTests
{
    private static readonly byte[][] Names =
    [
        .. new[]
        {
            "new\nline", "carriage\rreturn", "q'uo\"te", "-dash", "--delete", "\u001b[31mred", "\u0007bell", " blank ", "*?[x]", "!bang", "#hash", "back\\slash", "\\#012", "$(id)", "`id`",
            "a;b|c&d", "~", "~root", "...", "caf\u00e9", "cafe\u0301", "\u202egnp.exe", "\u65e5\u672c\u8a9e", "tab\there", "%41", "con", "a:b", "x.",
        }.Select(Encoding.UTF8.GetBytes),
        [.. Enumerable.Repeat((byte)'n', 255)],
        [0xFF],
        [(byte)'a', 0x80, (byte)'b'],
        [0xC3, 0x28],
        [0x01],
        [0x7F],
    ];

    [SshdFact]
    public async Task Odd_names_mirror_and_delete()
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        foreach (var name in Names)
        {
            box.Manager.Write(name, name).Write([.. "in/"u8, .. name], "x"u8).Write([.. "folders/"u8, .. name, .. "/"u8, .. name], "y"u8);
            box.Manager.MakeSymlink([.. "links/"u8, .. name], name);
        }
        box.Manager.Write("stays", "stays").Write("in/stays", "").Write("folders/stays", "").Write("links/stays", "");
        var outcome = (await box.SyncAsync("--itemize")).Expect(0);
        Assert.All(targets, t => TreeText.AssertMirrored(box.Manager.Path, t.Path));
        Assert.DoesNotContain(outcome.Output + outcome.Errors + box.LogText, c => c is < ' ' and not '\n' and not '\t' or '\u007f' or '\u202e');
        Assert.DoesNotContain(Latin1("\u202e"), outcome.Output + outcome.Errors, StringComparison.Ordinal);
        await DifferentialTests.AssertNothingIsLeftToDoAsync(box, targets);

        foreach (var name in Names)
        {
            box.Manager.Delete(name).Delete([.. "in/"u8, .. name]).Delete([.. "folders/"u8, .. name]).Delete([.. "links/"u8, .. name]);
        }
        (await box.SyncAsync("--max-delete", "100%")).Expect(0);
        Assert.All(targets, t => TreeText.AssertMirrored(box.Manager.Path, t.Path));
        await DifferentialTests.AssertNothingIsLeftToDoAsync(box, targets);
    }

    private static string Latin1(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    [SshdFact]
    public async Task The_manifest_with_odd_names_satisfies_sha256sum()
    {
        using var box = new Sandbox();
        var target = box.AddSshWorker("ssh");
        foreach (var name in Names.Append("-"u8.ToArray()))
        {
            box.Manager.Write(name, name);
        }
        (await box.SyncAsync()).Expect(0);
        var check = (await DepSyncProcess.RunOtherAsync(target.Path, OperatingSystem.IsMacOS() ? "gsha256sum" : "sha256sum", "--strict", "-c", ".depsync/manifest")).Expect(0);
        Assert.Equal(Names.Length + 1, check.OutputLines.Count(l => l.EndsWith(": OK", StringComparison.Ordinal)));
    }

    [SshdFact]
    public async Task A_path_of_3000_bytes_mirrors_and_deletes()
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        byte[] folder = [.. Enumerable.Repeat((byte)'d', 250)];
        byte[] path = [.. Enumerable.Repeat(folder, 11).SelectMany(f => (byte[])[.. f, (byte)'/']), .. Enumerable.Repeat((byte)'f', 239)];
        Assert.Equal(3000, path.Length);
        box.Manager.Write(path, "deep"u8).Write("stays", "").SetModified(path, 1_500_000_000);
        (await box.SyncAsync()).Expect(0);
        Assert.All(targets, t => TreeText.AssertMirrored(box.Manager.Path, t.Path));
        box.Manager.Write(path, "changed"u8);
        (await box.SyncAsync()).Expect(0);
        Assert.All(targets, t => TreeText.AssertMirrored(box.Manager.Path, t.Path));
        box.Manager.Delete(folder);
        (await box.SyncAsync("--max-delete", "100%")).Expect(0);
        Assert.All(targets, t => TreeText.AssertMirrored(box.Manager.Path, t.Path));
        await DifferentialTests.AssertNothingIsLeftToDoAsync(box, targets);
    }

    [SshdFact]
    public async Task Special_files_are_left_alone_and_named_in_the_log()
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        box.Manager.Write("conf/a", "a");
        Libc.MakeFifo(box.Manager.Absolute("conf/pipe"u8));
        (await box.SyncAsync()).Expect(0);
        Assert.All(targets, t => Assert.False(t.Exists("conf/pipe"u8)));
        Assert.Contains("conf/pipe", box.LogText, StringComparison.Ordinal);
    }
}
