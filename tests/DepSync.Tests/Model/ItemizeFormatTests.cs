using System.Diagnostics;
using System.Text;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Model;

public sealed class ItemizeFormatTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData(" two  blanks ", " two  blanks ")]
    [InlineData("größe-日本-😀", "größe-日本-😀")]
    [InlineData("nl\ncr\resc\e[31m", @"nl\#012cr\#015esc\#033[31m")]
    [InlineData("tab\there", "tab\there")]
    [InlineData(@"back\slash \# \#12 \x1B", @"back\slash \# \#12 \x1B")]
    [InlineData(@"\#012", @"\#134#012")]
    [InlineData(@"\#999", @"\#134#999")]
    public void Names_are_escaped_as_rsync_does(string name, string shown) => Assert.Equal("<f+++++++++ " + shown, ItemizeFormat.Create(File(Encoding.UTF8.GetBytes(name))));

    /// <summary>rsync prints these as they are in a UTF-8 locale; in a terminal they would hide what the line says.</summary>
    [Theory]
    [InlineData("del\u007f", @"del\#177")]
    [InlineData("c1\u009bz", @"c1\#302\#233z")]
    [InlineData("bidi\u202ex", @"bidi\#342\#200\#256x")]
    public void What_could_mislead_a_terminal_is_escaped_beyond_that(string name, string shown) =>
        Assert.Equal("<f+++++++++ " + shown, ItemizeFormat.Create(File(Encoding.UTF8.GetBytes(name))));

    [Fact]
    public void Names_that_are_no_text_have_the_lines_of_rsync()
    {
        byte[][] names =
        [
            [0xFF, 0xFE, (byte)'x'], [(byte)'a', 0xE2, 0x80], [0xE2, (byte)'b'], [0xED, 0xA0, 0x80], [0xC0, 0x80], [(byte)'c', 0x80], [0xF0, 0x9F, 0x98, (byte)'d'], [0xC3, 0xBC, 0xC3],
            [1, 2, 0x1F], "\\#001"u8.ToArray(), "\\\\#0012"u8.ToArray(), "\\#\\#123"u8.ToArray(),
        ];
        using var oracle = new RsyncOracle();
        Directory.CreateDirectory(oracle.Source);
        Directory.CreateDirectory(oracle.Worker);
        // The BCL cannot name such files; printf can.
        foreach (var name in names)
        {
            var octal = string.Concat(name.Select(b => @"\0" + Convert.ToString(b, 8).PadLeft(3, '0')));
            using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", $": > \"$(printf '%b' '{octal}')\"", "sh"]) { WorkingDirectory = oracle.Source })!;
            shell.WaitForExit();
            Assert.Equal(0, shell.ExitCode);
        }
        var lines = oracle.Lines().Where(line => !line.EndsWith(" ./", StringComparison.Ordinal));
        Assert.Equal(lines.Order(StringComparer.Ordinal), names.Select(name => ItemizeFormat.Create(File(name))).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_links_target_is_escaped_too() => Assert.Equal(
        @"cL+++++++++ l -> a\#012b\#134#012",
        ItemizeFormat.Create(File("l"u8) with { Kind = EntryKind.Symlink, LinkTarget = "a\nb\\#012"u8.ToArray() }));

    private static FileEntry File(ReadOnlySpan<byte> name) => new() { Path = RelativePath.Root.Child(name), Kind = EntryKind.File };
}
