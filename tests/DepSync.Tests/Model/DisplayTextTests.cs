using System.Text;
using CsCheck;
using DepSync.Model;

namespace DepSync.Tests.Model;

public sealed class DisplayTextTests
{
    [Theory]
    [InlineData("webapps/a b.war", "webapps/a b.war")]
    [InlineData("größe-日本-😀", "größe-日本-😀")]
    [InlineData("line\nfeed\r\ttab", @"line\x0Afeed\x0D\x09tab")]
    [InlineData("\e[31mred\a\u007f", @"\x1B[31mred\x07\x7F")]
    [InlineData("c1\u009bcsi", @"c1\xC2\x9Bcsi")]
    [InlineData("car.\u202egpj\u2066x\u061c\u200f", @"car.\xE2\x80\xAEgpj\xE2\x81\xA6x\xD8\x9C\xE2\x80\x8F")]
    [InlineData("line\u2028separator", @"line\xE2\x80\xA8separator")]
    [InlineData(@"C:\share\x", @"C:\share\x")]
    [InlineData(@"\x1B is text", @"\x5Cx1B is text")]
    public void Only_what_could_mislead_is_escaped(string text, string shown) => Assert.Equal(shown, DisplayText.Escape(text));

    [Fact]
    public void Bytes_that_are_no_text_are_shown_one_by_one() => Assert.Equal(@"a\xFF\xC0\x80\xE2\x80", DisplayText.Escape([(byte)'a', 0xFF, 0xC0, 0x80, 0xE2, 0x80]));

    [Fact]
    public void Lone_surrogates_are_shown_by_their_bytes() => Assert.Equal(@"\xED\xA0\x80x😀\xED\xB0\x80", DisplayText.Escape("\ud800x😀\udc00"));

    [Fact]
    public void The_root_is_a_dot() => Assert.Equal(".", DisplayText.Escape(RelativePath.Root));

    [Fact]
    public void Every_name_has_its_own_look_and_no_control_characters() =>
        OftenOf("\\x5CE20\n"u8).Array[0, 12].Sample(bytes =>
        {
            var shown = DisplayText.Escape(bytes);
            Assert.DoesNotContain(shown.EnumerateRunes(), DisplayText.IsHazard);
            Assert.Equal(bytes, Unescape(shown));
        });

    private static byte[] Unescape(string shown)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < shown.Length; i++)
        {
            if (shown[i] == '\\' && i + 3 < shown.Length && shown[i + 1] == 'x' && char.IsAsciiHexDigit(shown[i + 2]) && char.IsAsciiHexDigit(shown[i + 3]))
            {
                bytes.Add(Convert.ToByte(shown.Substring(i + 2, 2), 16));
                i += 3;
                continue;
            }
            var length = char.IsHighSurrogate(shown[i]) ? 2 : 1;
            bytes.AddRange(Encoding.UTF8.GetBytes(shown.Substring(i, length)));
            i += length - 1;
        }
        return [.. bytes];
    }

    /// <summary>Any byte, half of the time one of those.</summary>
    private static Gen<byte> OftenOf(ReadOnlySpan<byte> bytes)
    {
        var chosen = bytes.ToArray();
        return Gen.OneOf(Gen.Byte, Gen.Int[0, chosen.Length - 1].Select(i => chosen[i]));
    }
}
