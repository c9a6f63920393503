using System.Text;
using CsCheck;

namespace DepSync.Tests.Support;

/// <summary>Inputs for parsers: made of the words that they know and of what breaks them, real ones with a few bytes changed, and any bytes.</summary>
internal static class Words
{
    public static Gen<byte[]> Of(string[] words, byte[][] corpus) => Gen.OneOf(
        Gen.Int[0, words.Length - 1].Array[0, 24].Select(indexes => Encoding.Latin1.GetBytes(string.Concat(indexes.Select(i => words[i])))),
        Gen.Byte.Array[0, 80],
        Gen.Select(Gen.Int[0, corpus.Length - 1], Gen.Select(Gen.Int[0, 100_000], Gen.Byte).Array[0, 4], Gen.Int[0, 100_000], (which, changes, length) => Damaged(corpus[which], changes, length)));

    private static byte[] Damaged(byte[] whole, (int At, byte Value)[] changes, int length)
    {
        var bytes = whole.ToArray();
        foreach (var (at, value) in changes)
        {
            bytes[at % bytes.Length] = value;
        }
        // One in two is cut off.
        return length % 2 == 0 ? bytes : bytes[..(length % (bytes.Length + 1))];
    }
}
