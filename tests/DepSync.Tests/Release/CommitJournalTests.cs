using System.Text;
using DepSync.Model;
using DepSync.Release;

namespace DepSync.Tests.Release;

public sealed class CommitJournalTests
{
    [Fact]
    public void Opened_directories_survive_the_journal_whatever_their_names()
    {
        Assert.True(RelativePath.TryParse("odd\n\\n\rname \xff"u8, out var odd));
        UnlockedDirectory[] unlocked = [new(RelativePath.Parse("a b/c"), Convert.ToInt32("555", 8)), new(odd, 0), new(RelativePath.Root, Convert.ToInt32("2555", 8))];
        var journal = new CommitJournal(4, [new KeptEntry(1, EntryKind.File, 0, RelativePath.Parse("mode 755 x"))], unlocked);
        Assert.Equal(unlocked, CommitJournal.ParseUnlocked(journal.ToBytes()));
    }

    [Fact]
    public void Paths_that_were_to_be_taken_out_are_read_back()
    {
        Assert.True(RelativePath.TryParse("odd\n\\n kept 1"u8, out var odd));
        var journal = new CommitJournal(4, [new KeptEntry(1, EntryKind.File, 0, odd), new KeptEntry(2, EntryKind.Directory, 0, RelativePath.Parse("a b/c"))], [new(RelativePath.Parse("kept 1 file 644 x"), 0)]);
        Assert.Equal([odd, RelativePath.Parse("a b/c")], CommitJournal.ParseKept(journal.ToBytes()));
        Assert.Empty(CommitJournal.ParseKept("kept\nkept 1\nkept 1 file 644\nkept 1 file 644 ../a\n"u8));
    }

    [Theory]
    [InlineData("")]
    [InlineData("mode")]
    [InlineData("mode ")]
    [InlineData("mode 755")]
    [InlineData("mode 888 a")]
    [InlineData("mode 75555 a")]
    [InlineData("mode 755 ../a")]
    [InlineData("mode 755 /etc")]
    public void Damaged_lines_are_passed_over(string text) => Assert.Empty(CommitJournal.ParseUnlocked(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Kept_entries_are_listed_for_people()
    {
        var journal = new CommitJournal(4, [new KeptEntry(1, EntryKind.Symlink, Convert.ToInt32("777", 8), RelativePath.Parse("a/l"))], []);
        Assert.Equal("# depsync journal 1\nnumber 4\nkept 1 symlink 777 a/l\n", Encoding.UTF8.GetString(journal.ToBytes()));
    }
}
