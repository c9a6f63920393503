using DepSync.Model;
using DepSync.Reporting;

namespace DepSync.Tests.Reporting;

public sealed class RunObserversTests
{
    [Fact]
    public void An_observer_that_throws_takes_nothing_from_the_others()
    {
        var last = new Recorder();
        var observers = new RunObservers(new Thrower(), last);
        observers.On(ReportingFixture.Started("a"));

        Assert.Single(last.Events);
        Assert.Equal(1, observers.Failures);
    }

    private sealed class Thrower : IRunObserver
    {
        public void On(RunEvent runEvent) => throw new InvalidOperationException();
    }

    private sealed class Recorder : IRunObserver
    {
        public List<RunEvent> Events { get; } = [];

        public void On(RunEvent runEvent) => Events.Add(runEvent);
    }
}
