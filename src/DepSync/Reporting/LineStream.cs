namespace DepSync.Reporting;

/// <summary>
/// A stream of whole lines, flushed at each write, that never throws: a reader that went away (<c>| head</c>) is no trouble, anything else is kept in
/// <see cref="Failure"/>. After a failure nothing more is written. Not safe for concurrent calls: <see cref="Screen"/> is its owner.
/// </summary>
internal sealed class LineStream(TextWriter writer)
{
    // EPIPE; ERROR_BROKEN_PIPE and ERROR_NO_DATA.
    private const int UnixBrokenPipe = 32;
    private const int WindowsBrokenPipe = unchecked((int)0x8007006D);
    private const int WindowsClosingPipe = unchecked((int)0x800700E8);

    private bool _ended;

    /// <summary>Why it cannot be written to; null while it can, or when only the reader left.</summary>
    public string? Failure { get; private set; }

    public void Write(string text)
    {
        if (_ended)
        {
            return;
        }
        try
        {
            writer.Write(text);
            writer.Flush();
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or UnauthorizedAccessException)
        {
            _ended = true;
            Failure = exception.HResult is UnixBrokenPipe or WindowsBrokenPipe or WindowsClosingPipe ? null : exception.Message;
        }
    }
}
