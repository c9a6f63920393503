using System.Text;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

public sealed class ShellTrustTests : IDisposable
{
    private readonly TempTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Fact]
    public async Task Shell_that_was_refused_stays_so_when_an_earlier_command_ends_well_behind_that()
    {
        _tree.Write("a", "a");
        var root = Encoding.UTF8.GetBytes(_tree.Path);
        var path = RelativePath.Parse("a");
        var honest = new TaskCompletionSource<byte[]>();
        var answers = new Queue<Task<byte[]>>([honest.Task, Task.FromResult("Welcome\n"u8.ToArray())]);
        var started = new TaskCompletionSource();
        await using var files = LocalWorker.Open(_tree.Path);
        var shell = new WorkerShell(new ShellRunner(StartAsync, TimeProvider.System), root, files);
        var early = shell.HashAsync([new SizedPath(path, 1)], default).AsTask();
        await started.Task;
        Assert.Null(await shell.HashAsync([new SizedPath(path, 1)], default));
        honest.SetResult(Encoding.UTF8.GetBytes($"{Digest.Of("a"u8)}  {_tree.Path}/a\n"));
        Assert.Null(await early);
        // No third command is asked for: there is no answer left for it.
        Assert.Null(await shell.HashAsync([new SizedPath(path, 1)], default));
        Assert.False(await shell.FlushAsync(1, default));
        Assert.Contains("Welcome", shell.Refusal, StringComparison.Ordinal);

        Task<IShellCommand> StartAsync(string commandLine, CancellationToken cancellationToken)
        {
            var command = new Answering(answers.Dequeue());
            started.TrySetResult();
            return Task.FromResult<IShellCommand>(command);
        }
    }

    private sealed class Answering(Task<byte[]> answer) : IShellCommand
    {
        private bool _isSaid;

        public string ErrorText => "";

        public Task WriteAllAsync(ReadOnlyMemory<byte> input, CancellationToken cancellationToken) => Task.CompletedTask;

        public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            var bytes = _isSaid ? [] : await answer.WaitAsync(cancellationToken);
            _isSaid = true;
            bytes.CopyTo(buffer);
            return bytes.Length;
        }

        public Task<int?> WaitForExitAsync(CancellationToken cancellationToken) => Task.FromResult<int?>(0);

        public void Dispose()
        {
        }
    }
}
