namespace DepSync.Model;

/// <summary>What of an entry differs. <see cref="Content"/> is the bytes of a file or the target of a link.</summary>
[Flags]
internal enum Differences : byte
{
    None = 0,
    Content = 1,
    Size = 2,
    Time = 4,
    Mode = 8,
}
