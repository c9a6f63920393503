namespace DepSync.Tests.Support;

/// <summary>What a call takes of memory, beside the size of what it was given.</summary>
internal static class Allocation
{
    /// <summary>A parser may hold each byte of its input a few times, and has some things of its own; a length that the input merely claims is far beyond both.</summary>
    private const int EachByte = 600;

    private const int Constant = 64 << 10;

    /// <summary>Runs the call, twice so that what is made once in a process is there, and checks what the second one allocated on this thread.</summary>
    public static void AssertBounded(int inputLength, Action call)
    {
        call();
        var before = GC.GetAllocatedBytesForCurrentThread();
        call();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Constant + ((long)EachByte * inputLength));
    }
}
