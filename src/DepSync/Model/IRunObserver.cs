namespace DepSync.Model;

/// <summary>Receives what happens in a run. Called from the threads of all workers: an implementation guards itself. It must not throw and not block for long.</summary>
internal interface IRunObserver
{
    void On(RunEvent runEvent);
}
