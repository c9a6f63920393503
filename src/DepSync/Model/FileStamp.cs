namespace DepSync.Model;

/// <summary>What the system tells of a file of this machine at one moment. Two equal stamps mean the same bytes, unless the file was changed within the clock's tick.</summary>
internal readonly record struct FileStamp(long Size, long ModifiedNs, long ChangedNs, ulong Device, ulong Inode);
