using System.IO.Hashing;
using System.Text;

namespace DepSync.Model;

/// <summary>
/// A path inside a tree, as bytes: components joined by <c>/</c>, no leading or trailing slash, no empty, <c>.</c> or <c>..</c> component and no NUL,
/// so it cannot leave the tree. The root is the empty path. Bytes, because a Unix name need not be UTF-8. Ordered by those bytes. Immutable.
/// </summary>
internal readonly struct RelativePath : IEquatable<RelativePath>, IComparable<RelativePath>
{
    /// <summary>Anew in each process: nobody can choose names that collide.</summary>
    private static readonly long Seed = Random.Shared.NextInt64();

    private readonly byte[]? _bytes;

    private RelativePath(byte[] bytes) => _bytes = bytes;

    public static RelativePath Root => default;

    public ReadOnlySpan<byte> Bytes => _bytes;

    public bool IsRoot => _bytes is not { Length: > 0 };

    /// <summary>The last component; empty for the root.</summary>
    public ReadOnlySpan<byte> Name => Bytes[(Bytes.LastIndexOf((byte)'/') + 1)..];

    public RelativePath Parent => Bytes.LastIndexOf((byte)'/') is var slash and > 0 ? new RelativePath(Bytes[..slash].ToArray()) : Root;

    /// <summary>The first component: the folder by which the commit is ordered and deferred removals are held back. The root's is the root.</summary>
    public RelativePath TopFolder => Bytes.IndexOf((byte)'/') is var slash and > 0 ? new RelativePath(Bytes[..slash].ToArray()) : this;

    /// <summary>The number of components; 0 for the root.</summary>
    public int Depth => IsRoot ? 0 : 1 + Bytes.Count((byte)'/');

    /// <summary>Parses a path; false for anything that could leave the tree or that no file system holds.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out RelativePath path)
    {
        path = default;
        if (bytes.IsEmpty)
        {
            return true;
        }
        foreach (var component in bytes.Split((byte)'/'))
        {
            if (!IsName(bytes[component]))
            {
                return false;
            }
        }
        path = new RelativePath(bytes.ToArray());
        return true;
    }

    /// <summary>Parses a path that the program itself wrote.</summary>
    /// <exception cref="FormatException">Not a path inside a tree.</exception>
    public static RelativePath Parse(string text) =>
        TryParse(Encoding.UTF8.GetBytes(text), out var path) ? path : throw new FormatException($"'{text}' is not a path inside a tree.");

    /// <summary>Whether the bytes are one component: not empty, not <c>.</c> or <c>..</c>, without slash and NUL.</summary>
    public static bool IsName(ReadOnlySpan<byte> name) =>
        !name.IsEmpty && !name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8) && name.IndexOfAny((byte)'/', (byte)0) < 0;

    /// <summary>The entry of that name below this folder.</summary>
    /// <exception cref="FormatException">The name is not one component.</exception>
    public RelativePath Child(ReadOnlySpan<byte> name)
    {
        if (!IsName(name))
        {
            throw new FormatException("A name inside a tree is one component.");
        }
        if (IsRoot)
        {
            return new RelativePath(name.ToArray());
        }
        var joined = new byte[Bytes.Length + 1 + name.Length];
        Bytes.CopyTo(joined);
        joined[Bytes.Length] = (byte)'/';
        name.CopyTo(joined.AsSpan(Bytes.Length + 1));
        return new RelativePath(joined);
    }

    public RelativePath Child(string name) => Child(Encoding.UTF8.GetBytes(name));

    /// <summary>This path followed by another one.</summary>
    public RelativePath Append(RelativePath below)
    {
        if (IsRoot || below.IsRoot)
        {
            return IsRoot ? below : this;
        }
        byte[] joined = [.. Bytes, (byte)'/', .. below.Bytes];
        return new RelativePath(joined);
    }

    /// <summary>Whether this path lies strictly below <paramref name="folder"/>.</summary>
    public bool IsBelow(RelativePath folder) =>
        folder.IsRoot ? !IsRoot : Bytes.Length > folder.Bytes.Length && Bytes[folder.Bytes.Length] == '/' && Bytes.StartsWith(folder.Bytes);

    /// <summary>Whether this path lies directly in <paramref name="folder"/>, which then is its <see cref="Parent"/>.</summary>
    public bool IsDirectlyIn(RelativePath folder) => IsBelow(folder) && Name.Length == Bytes.Length - (folder.IsRoot ? 0 : folder.Bytes.Length + 1);

    public bool Equals(RelativePath other) => ReferenceEquals(_bytes, other._bytes) || Bytes.SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => obj is RelativePath other && Equals(other);

    public override int GetHashCode() => (int)XxHash3.HashToUInt64(Bytes, Seed);

    public int CompareTo(RelativePath other) => Bytes.SequenceCompareTo(other.Bytes);

    /// <summary>The path as text; what is not UTF-8 becomes U+FFFD. Not escaped: whoever prints it does that.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Bytes);

    public static bool operator ==(RelativePath left, RelativePath right) => left.Equals(right);

    public static bool operator !=(RelativePath left, RelativePath right) => !left.Equals(right);

    public static bool operator <(RelativePath left, RelativePath right) => left.CompareTo(right) < 0;

    public static bool operator >(RelativePath left, RelativePath right) => left.CompareTo(right) > 0;

    public static bool operator <=(RelativePath left, RelativePath right) => left.CompareTo(right) <= 0;

    public static bool operator >=(RelativePath left, RelativePath right) => left.CompareTo(right) >= 0;
}
