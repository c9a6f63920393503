using System.Runtime.InteropServices;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Model;

public sealed class ManifestRecordsTests
{
    private readonly Snapshot _source = SnapshotText.Parse("a/b = 1\na/c -> t\nd = 2");

    [Fact]
    public void Workers_with_the_same_numbers_get_the_same_memory()
    {
        Assert.Same(_source.Records, _source.Records);
        static byte[] Array(ReadOnlyMemory<byte> bytes) => MemoryMarshal.TryGetArray(bytes, out var segment) ? segment.Array! : [];
        Assert.Same(Array(_source.Records.Write(3, 2)), Array(_source.Records.Write(3, 2)));
    }

    [Theory]
    [InlineData(3, 3)]
    [InlineData(4, 2)]
    [InlineData(4, 4)]
    public void Workers_with_other_numbers_get_their_own(long number, long generation)
    {
        _source.Records.Write(3, 2);
        Assert.True(ManifestFormat.TryParse(_source.Records.Write(number, generation).Span, out var manifest));
        Assert.Equal((number, generation), (manifest.Number, manifest.Generation));
        Assert.Equal(_source.Entries.Select(entry => entry.Path).Prepend(RelativePath.Root), manifest.Entries.Keys.Order());
        Assert.All(_source.Entries, entry => Assert.True(manifest.Entries[entry.Path].Describes(entry)));
    }
}
