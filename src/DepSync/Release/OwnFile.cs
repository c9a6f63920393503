using DepSync.Model;

namespace DepSync.Release;

/// <summary>A file of ours on its way: what it holds, where it is staged, where it goes.</summary>
internal sealed record OwnFile(ReadOnlyMemory<byte> Bytes, RelativePath Staged, RelativePath Place);
