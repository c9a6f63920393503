using DepSync.Delta;

namespace DepSync.Tests.Delta;

public sealed class FileDeltaTests
{
    private readonly FileDelta _delta = new();

    [Fact]
    public void Copies_that_are_not_worth_a_request_count_as_what_is_sent()
    {
        var delta = new FileDelta();
        for (var i = 0; i < 10; i++)
        {
            delta.Add(new DeltaOperation(DeltaKind.Copy, i * 1_000, 100));
        }
        Assert.Equal(900, delta.DataBytes);
        delta.Add(new DeltaOperation(DeltaKind.Data, 1_000, 50));
        delta.Add(new DeltaOperation(DeltaKind.Copy, 0, 4_096));
        Assert.Equal(1_050, delta.DataBytes);
    }

    [Fact]
    public async Task What_is_given_out_is_seen_by_all_who_follow_and_what_is_not_is_waited_for()
    {
        var early = _delta.FindAsync(0, default).AsTask();
        _delta.Add(Copy(0, 1000));
        Assert.False(early.IsCompleted);
        _delta.GiveOut();
        Assert.Equal(Copy(0, 1000), await early);
        Assert.Equal(Copy(0, 1000), await _delta.FindAsync(0, default));
        var next = Enumerable.Range(0, 3).Select(_ => _delta.FindAsync(1, default).AsTask()).ToArray();
        _delta.GiveOut();
        Assert.All(next, task => Assert.False(task.IsCompleted));
        _delta.Add(Data(1000, 5));
        _delta.End(holds: true);
        Assert.All(await Task.WhenAll(next), operation => Assert.Equal(Data(1000, 5), operation));
        Assert.Null(await _delta.FindAsync(2, default));
        Assert.True(await _delta.Holds);
        // Who comes late finds all.
        Assert.Equal([Copy(0, 1000), Data(1000, 5)], _delta.Operations);
    }

    [Fact]
    public void What_was_given_out_stays_and_what_goes_on_behind_it_is_an_operation_of_its_own()
    {
        _delta.Add(Copy(0, 1000));
        _delta.GiveOut();
        _delta.Add(Copy(1000, 1000));
        _delta.Add(Copy(2000, 1000));
        Assert.Equal([Copy(0, 1000)], _delta.Operations);
        _delta.End(holds: true);
        Assert.Equal([Copy(0, 1000), Copy(1000, 2000)], _delta.Operations);
    }

    [Theory]
    [InlineData(511, false)]
    [InlineData(512, true)]
    public void A_copy_is_given_out_when_it_is_long_enough_whatever_follows(int length, bool given)
    {
        _delta.Add(Data(0, 10));
        _delta.Add(Copy(5000, length));
        _delta.GiveOut();
        Assert.Equal(given ? [Data(0, 10), Copy(5000, length)] : [Data(0, 10)], _delta.Operations);
    }

    [Fact]
    public void A_copy_that_grows_while_it_is_held_back_is_copied_and_one_that_does_not_is_sent()
    {
        _delta.Add(Copy(5000, 100));
        _delta.GiveOut();
        _delta.Add(Copy(5100, 500));
        _delta.Add(Data(600, 10));
        _delta.GiveOut();
        _delta.Add(Copy(0, 100));
        _delta.GiveOut();
        _delta.Add(Data(710, 5));
        _delta.End(holds: true);
        Assert.Equal([Copy(5000, 600), Data(600, 10), Data(610, 105)], _delta.Operations);
    }

    [Fact]
    public async Task Who_follows_one_that_is_of_no_use_does_nothing_more_of_it()
    {
        _delta.Add(Copy(0, 1000));
        _delta.GiveOut();
        var waiting = _delta.FindAsync(1, default).AsTask();
        _delta.Add(Data(1000, 1000));
        _delta.End(holds: false);
        // Neither is anything given out that came behind it, nor taken up by who is behind.
        Assert.Null(await waiting);
        Assert.Null(await _delta.FindAsync(0, default));
        Assert.False(await _delta.Holds);
    }

    [Fact]
    public async Task Who_asks_whether_it_holds_hears_why_that_could_not_be_found_out()
    {
        _delta.Add(Copy(0, 1000));
        var waiting = _delta.FindAsync(0, default).AsTask();
        _delta.Fail(new InvalidDataException("why"));
        Assert.Null(await waiting);
        Assert.Equal("why", (await Assert.ThrowsAsync<InvalidDataException>(() => _delta.Holds)).Message);
    }

    [Fact]
    public async Task Cancelling_ends_the_wait_of_one_alone()
    {
        using var cancel = new CancellationTokenSource();
        var impatient = _delta.FindAsync(0, cancel.Token).AsTask();
        var patient = _delta.FindAsync(0, default).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        Assert.False(patient.IsCompleted);
        _delta.Add(Data(0, 1));
        _delta.End(holds: true);
        Assert.Equal(Data(0, 1), await patient);
    }

    private static DeltaOperation Copy(long offset, long length) => new(DeltaKind.Copy, offset, length);

    private static DeltaOperation Data(long offset, long length) => new(DeltaKind.Data, offset, length);
}
