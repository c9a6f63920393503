using CsCheck;
using DepSync.Model;
using DepSync.Release;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>Whatever a worker's records hold, reading them ends without an exception, and with memory in proportion to what is there.</summary>
public sealed class RecordFuzzTests
{
    private static readonly OwnerRecord Owner = new()
    {
        Manager = "00ff",
        Host = "h",
        User = "u",
        ManagerDir = "/m",
        Epoch = 2,
        Supersedes = ["aa"],
        Number = 5,
        Generation = 4,
        Run = "r",
        Time = DateTimeOffset.UnixEpoch,
    };

    private static readonly Gen<byte[]> Json = Words.Of(
        ["{", "}", "[", "]", "\"", "\"manager\":", "\"epoch\":", "\"number\":", "\"schema\":1", "\"time\":", "\"supersedes\":", ",", "null", "true", "-1", "1e999", "99999999999999999999", "\"\\ud800\"", "\"2026-01-01T00:00:00Z\"", "\\", "\xff", "\0", "[[[[[[[["],
        [Owner.ToBytes(), new RunOwner("m", "r", "w", DateTimeOffset.UnixEpoch).ToBytes()]);

    private static readonly Gen<byte[]> Journal = Words.Of(
        ["# depsync journal 1\n", "# number ", "kept ", "mode ", "file ", "directory ", "symlink ", "644 ", "7777777777777 ", "-1 ", "99999999999 ", "conf/a", "../x", "/", "//", ".", "\\n", "\\", "\n", "\r", "\0", "\xff", " "],
        [new CommitJournal(7, [new KeptEntry(1, EntryKind.File, 0x1a4, RelativePath.Parse("conf/a")), new KeptEntry(2, EntryKind.Symlink, 0x1ff, RelativePath.Root.Child("a\nb\\"u8))], [new UnlockedDirectory(RelativePath.Parse("conf"), 0x16d)]).ToBytes()]);

    [Fact]
    public void An_owner_record_of_any_bytes_is_read_or_is_none() => Json.Sample(
        bytes => Allocation.AssertBounded(bytes.Length, () =>
        {
            _ = OwnerRecord.TryParse(bytes);
            _ = RunOwner.TryParse(bytes);
        }),
        iter: 5000);

    [Fact]
    public void A_journal_of_any_bytes_is_read_as_far_as_it_goes_and_names_nothing_outside() => Journal.Sample(
        bytes =>
        {
            Allocation.AssertBounded(bytes.Length, () =>
            {
                _ = CommitJournal.ParseKept(bytes);
                _ = CommitJournal.ParseUnlocked(bytes);
            });
            Assert.All(CommitJournal.ParseKept(bytes), AssertInside);
            Assert.All(CommitJournal.ParseUnlocked(bytes), unlocked => AssertInside(unlocked.Path));
            Assert.All(CommitJournal.ParseUnlocked(bytes), unlocked => Assert.InRange(unlocked.Mode, 0, 0xfff));
        },
        iter: 5000);

    private static void AssertInside(RelativePath path) =>
        Assert.DoesNotContain(path.ToString().Split('/'), part => part is ".." || (part is "" or "." && !path.IsRoot));
}
