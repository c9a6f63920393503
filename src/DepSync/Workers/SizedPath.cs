using DepSync.Model;

namespace DepSync.Workers;

/// <summary>A file and the bytes that it is expected to hold; how long a worker may take over it follows from these, nothing else does.</summary>
internal readonly record struct SizedPath(RelativePath Path, long Size);
