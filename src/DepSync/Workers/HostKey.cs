using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace DepSync.Workers;

/// <summary>A public host key: its type as known_hosts writes it (<c>ssh-rsa</c>, <c>ssh-ed25519</c>, …) and its bytes. Equal when the bytes are. Immutable.</summary>
internal sealed class HostKey : IEquatable<HostKey>
{
    private readonly byte[] _blob;

    private HostKey(string type, byte[] blob)
    {
        Type = type;
        _blob = blob;
    }

    public string Type { get; }

    public ReadOnlySpan<byte> Blob => _blob;

    /// <summary>As OpenSSH prints it: <c>SHA256:</c> and base64 without padding.</summary>
    public string Fingerprint => "SHA256:" + Convert.ToBase64String(SHA256.HashData(_blob)).TrimEnd('=');

    /// <summary>Takes the bytes of a key as they go over the wire: they begin with the type's name.</summary>
    public static HostKey? FromBlob(ReadOnlySpan<byte> blob)
    {
        if (blob.Length < 4 || BinaryPrimitives.ReadUInt32BigEndian(blob) is var length && (length is 0 or > 64 || blob.Length <= 4 + length))
        {
            return null;
        }
        var name = blob.Slice(4, (int)length);
        return name.ContainsAnyExceptInRange((byte)'!', (byte)'~') ? null : new HostKey(Encoding.ASCII.GetString(name), blob.ToArray());
    }

    /// <summary>Parses the type and base64 fields of a known_hosts line; null when they are damaged or do not fit each other.</summary>
    public static HostKey? Parse(string type, string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) && FromBlob(bytes.AsSpan(0, length)) is { } key && key.Type == type ? key : null;
    }

    public bool Equals(HostKey? other) => other is not null && Blob.SequenceEqual(other.Blob);

    public override bool Equals(object? obj) => Equals(obj as HostKey);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(_blob);
        return hash.ToHashCode();
    }

    /// <summary><c>type base64</c>.</summary>
    public override string ToString() => $"{Type} {Convert.ToBase64String(_blob)}";
}
