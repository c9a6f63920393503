namespace DepSync.Release;

/// <summary>
/// Takes one file after the other: enters, and leaves when the file's close was asked for, which is when the next one may be opened although nobody knows yet what became of this one.
/// <paramref name="open"/> is what all slots of a worker share: how many files may be open at once. One file at a time.
/// </summary>
internal sealed class StagingSlot(ByteBudget open, IProgress<int> sent, CancellationToken cancellationToken)
{
    private bool _isIn;

    public IProgress<int> Sent => sent;

    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>Before any memory is taken for the file: whoever has memory can go on, and gives it back.</summary>
    public async ValueTask EnterAsync()
    {
        await open.AcquireAsync(1, cancellationToken);
        _isIn = true;
    }

    /// <summary>Does nothing the second time.</summary>
    public void Leave()
    {
        if (_isIn)
        {
            _isIn = false;
            open.Release(1);
        }
    }
}
