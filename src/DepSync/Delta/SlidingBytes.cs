namespace DepSync.Delta;

/// <summary>The part of a stream of bytes that is being looked at. Not safe for concurrent use.</summary>
internal sealed class SlidingBytes(int capacity)
{
    private readonly byte[] _buffer = new byte[capacity];
    private int _start;
    private int _end;

    public ReadOnlySpan<byte> Seen => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Takes as much of <paramref name="bytes"/> as there is room for, and leaves the rest in it.</summary>
    public void Take(ref ReadOnlySpan<byte> bytes)
    {
        if (_start > 0)
        {
            Seen.CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        var count = Math.Min(bytes.Length, _buffer.Length - _end);
        bytes[..count].CopyTo(_buffer.AsSpan(_end));
        _end += count;
        bytes = bytes[count..];
    }

    public void Skip(int count) => _start += count;
}
