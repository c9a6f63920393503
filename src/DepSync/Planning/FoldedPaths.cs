using System.Buffers;
using System.Text;
using DepSync.Model;

namespace DepSync.Planning;

/// <summary>Takes two paths for one when they lie in the same folder and their names have the same <see cref="NameForms"/>. Pure, safe for concurrent calls.</summary>
internal sealed class FoldedPaths : IEqualityComparer<RelativePath>
{
    public static FoldedPaths Comparer { get; } = new();

    public bool Equals(RelativePath left, RelativePath right)
    {
        var here = left.Bytes[..^left.Name.Length];
        return here.SequenceEqual(right.Bytes[..^right.Name.Length])
            && (Ascii.IsValid(left.Name) && Ascii.IsValid(right.Name) ? Ascii.EqualsIgnoreCase(left.Name, right.Name) : NameForms.Fold(left.Name) == NameForms.Fold(right.Name));
    }

    public int GetHashCode(RelativePath path)
    {
        var hash = new HashCode();
        hash.AddBytes(path.Bytes[..^path.Name.Length]);
        Span<byte> lower = stackalloc byte[256];
        if (Ascii.IsValid(path.Name) && Ascii.ToLower(path.Name, lower, out var length) == OperationStatus.Done)
        {
            hash.AddBytes(lower[..length]);
        }
        else
        {
            hash.AddBytes(Encoding.UTF8.GetBytes(NameForms.Fold(path.Name)));
        }
        return hash.ToHashCode();
    }
}
