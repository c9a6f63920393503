using System.Collections.Concurrent;
using DepSync.Platform;
using DepSync.Workers;

namespace DepSync.Tests.Support;

/// <summary>
/// Runs the commands of a worker whose server is a <see cref="SftpServerProcess"/>: the very command line, by <c>sh</c>, as the user and on the files that the server has. One command
/// goes wrong as a <see cref="ShellScript"/> says. Safe for concurrent use.
/// </summary>
internal sealed class LocalShell(ShellScript script, FakeTimeProvider clock)
{
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(1);

    private readonly ConcurrentBag<RunningProcess> _processes = [];
    private volatile bool _isGone;

    private FakeTimeProvider Clock { get; } = clock;

    public Task<IShellCommand> StartAsync(string commandLine, CancellationToken cancellationToken)
    {
        var fault = script.Next(commandLine);
        if (_isGone || fault == ShellFault.Refused)
        {
            throw new IOException("no command is started");
        }
        var doesNothing = fault is ShellFault.Hangs or ShellFault.Mute or ShellFault.Fails;
        // In place of the shell, which would leave it behind when it is killed.
        var command = SftpServerProcess.AsLogin(doesNothing ? ["cat"] : ["sh", "-c", $"exec {commandLine}"]);
        var process = ProcessRunner.Start(new ProcessRequest(command[0], command[1..]));
        _processes.Add(process);
        return Task.FromResult<IShellCommand>(new FaultyCommand(this, process, fault));
    }

    /// <summary>The connection is no more, and its commands with it.</summary>
    public void End()
    {
        _isGone = true;
        foreach (var process in _processes)
        {
            process.Kill();
        }
    }

    /// <summary>As <see cref="End"/>; then none runs any more.</summary>
    public async Task EndedAsync()
    {
        End();
        await Task.WhenAll(_processes.Select(process => process.WaitForExitAsync(Hang)));
    }

    private sealed class FaultyCommand(LocalShell shell, RunningProcess process, ShellFault fault) : IShellCommand
    {
        private readonly OpenSshCommand _command = new(process);
        private ReadOnlyMemory<byte>? _rest;

        public string ErrorText => fault == ShellFault.Fails ? "it cannot be done" : _command.ErrorText;

        public Task WriteAllAsync(ReadOnlyMemory<byte> input, CancellationToken cancellationToken) => _command.WriteAllAsync(input, cancellationToken);

        public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            if (fault == ShellFault.Hangs)
            {
                PassTime(cancellationToken);
            }
            var rest = _rest ?? Falsified(await ReadAllAsync(cancellationToken));
            var count = Math.Min(rest.Length, buffer.Length);
            rest[..count].CopyTo(buffer);
            _rest = rest[count..];
            return count > 0 || !(fault == ShellFault.Lost || shell._isGone) ? count : throw new IOException("the connection ended");
        }

        public async Task<int?> WaitForExitAsync(CancellationToken cancellationToken)
        {
            var status = await _command.WaitForExitAsync(cancellationToken);
            return fault switch
            {
                ShellFault.Killed => null,
                ShellFault.Fails or ShellFault.FailsAtEnd => 1,
                _ => status,
            };
        }

        public void Dispose() => _command.Dispose();

        private async Task<byte[]> ReadAllAsync(CancellationToken cancellationToken)
        {
            using var all = new MemoryStream();
            var buffer = new byte[32 << 10];
            while (await _command.ReadAsync(buffer, cancellationToken) is var count and > 0)
            {
                all.Write(buffer, 0, count);
            }
            return all.ToArray();
        }

        private byte[] Falsified(byte[] said) => fault switch
        {
            ShellFault.Lost or ShellFault.Killed => said[..(said.Length / 2)],
            ShellFault.Mute or ShellFault.Fails => [],
            ShellFault.Greets => [.. "Welcome\n"u8, .. said],
            ShellFault.WrongHash => WithHashes(said, (hashes, i) => [(byte)(hashes[i][0] == '0' ? '1' : '0'), .. hashes[i][1..]]),
            ShellFault.OtherHash => WithHashes(said, (hashes, i) => hashes[Math.Max(i - 1, 0)]),
            _ => said,
        };

        /// <summary>The paths here have no newline, so each line begins with its hash.</summary>
        private static byte[] WithHashes(byte[] said, Func<List<byte[]>, int, byte[]> instead)
        {
            const int HexLength = 64;
            var lines = Lines(said);
            var hashes = lines.ConvertAll(line => line[..HexLength]);
            return [.. lines.SelectMany((line, i) => instead(hashes, i).Concat(line[HexLength..]))];
        }

        private static List<byte[]> Lines(byte[] said)
        {
            var lines = new List<byte[]>();
            for (var begin = 0; begin < said.Length;)
            {
                var end = Array.IndexOf(said, (byte)'\n', begin) + 1;
                lines.Add(said[begin..end]);
                begin = end;
            }
            return lines;
        }

        /// <summary>The client's clock goes on until it gives up.</summary>
        private void PassTime(CancellationToken cancellationToken)
        {
            for (var i = 0; i < 1000 && !cancellationToken.IsCancellationRequested; i++)
            {
                shell.Clock.Advance(TimeSpan.FromSeconds(10));
            }
            cancellationToken.ThrowIfCancellationRequested();
            throw new InvalidOperationException("A command that hangs is waited for without end.");
        }
    }
}
