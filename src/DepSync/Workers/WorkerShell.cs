using System.Security.Cryptography;
using DepSync.Model;
using DepSync.Sftp;

namespace DepSync.Workers;

/// <summary>
/// Lets a worker's own programs hash its files and bring them to disk (<c>ssh.exec: auto</c>): constant command lines, paths on their input. Nothing is run before the first use. Its first answer counts
/// only when the shell is seen to show the same files as SFTP does: some of the files asked, and the records of DepSync, are read back too, in the same flight, and must have the hashes that
/// the shell says. A shell that talks, refuses, lacks the programs or lies is told once and never asked again on this connection. What is staged is hashed by a quicker program where that pays:
/// it has the same proof to give, and where it gives none the usual one is asked; the shell is as good as before.
/// <para>Failure: null, never an exception but for cancellation and <see cref="WorkerLostException"/>. Threads: safe for concurrent calls.</para>
/// </summary>
internal sealed class WorkerShell(ShellRunner runner, byte[] root, IWorkerFileSystem files)
{
    /// <summary>syncfs of the filesystem that holds the path.</summary>
    private const string FlushCommand = "xargs -0 sync -f --";

    /// <summary>Files of one command: their paths and its answer stay below some 3 MB, and a start of it, three round trips, below a thousandth of what they would take one by one.</summary>
    private const int FilesOfOneCommand = 8192;

    /// <summary>The paths of one command, in bytes.</summary>
    private const int PathsOfOneCommand = 1 << 20;

    /// <summary>What is read back for the proof, at most: a flight or two.</summary>
    private const int ProofBytes = 1 << 20;

    private const int ProofFiles = 8;

    /// <summary>A record of ours is at most this long; longer ones prove nothing.</summary>
    private const int RecordLimit = 64 << 10;

    private const int ToldCharacters = 200;

    private static readonly Digest Empty = Digest.Of([]);

    /// <summary>Refused is final: a command that was answered well says nothing for a shell that did not answer another one.</summary>
    private volatile Trust _trust;
    private volatile bool _cannotFlush;
    private volatile bool _quickIsProven;
    private volatile bool _quickIsRefused;
    private string? _refusal;

    private enum Trust
    {
        Unknown,
        Proven,
        Refused,
    }

    /// <summary>Is told once why the shell is of no use; before any call.</summary>
    public Action<string> Tell { private get; init; } = static _ => { };

    /// <summary>Each command comes over a connection of its own, which may lead elsewhere: then each is proved.</summary>
    public bool EachCommandIsALogin { private get; init; }

    /// <summary>As <see cref="IWorkerFileSystem.HashFilesAsync"/>. Null without a word when nothing small enough was there to prove the answer by.</summary>
    public async ValueTask<IReadOnlyList<Digest?>?> HashAsync(IReadOnlyList<SizedPath> asked, CancellationToken cancellationToken)
    {
        var digests = new Digest?[asked.Count];
        for (var begin = 0; begin < asked.Count;)
        {
            var count = PieceLength(asked, begin);
            var piece = new ArraySegment<SizedPath>([.. asked.Skip(begin).Take(count)]);
            if (_trust == Trust.Refused || !await HashPieceAsync(piece, digests.AsMemory(begin, count), cancellationToken))
            {
                return null;
            }
            begin += count;
        }
        return digests;
    }

    /// <summary>Why it is of no use, without the word that it is not used; null while nothing is against it.</summary>
    public string? Refusal => Volatile.Read(ref _refusal);

    /// <summary>As <see cref="IWorkerFileSystem.ExpectFlush"/>. Not where a command is a login of its own: a connection that waits for hours is more than one that waits a round trip.</summary>
    public void ExpectFlush()
    {
        if (_trust == Trust.Proven && !_cannotFlush && !EachCommandIsALogin)
        {
            runner.Begin(FlushCommand, SettleAsync);
        }
    }

    /// <summary>As <see cref="IWorkerFileSystem.FlushAllAsync"/>.</summary>
    public async ValueTask<bool> FlushAsync(long bytes, CancellationToken cancellationToken)
    {
        if (_trust != Trust.Proven || _cannotFlush)
        {
            return false;
        }
        var request = new ShellRequest(FlushCommand, ChecksumList.Ask(root, [RelativePath.Root]), 0, SftpClient.PatienceFor(bytes));
        var answer = await runner.RunAsync(request, cancellationToken);
        if (answer is { Failure: null, ExitStatus: 0 })
        {
            return true;
        }
        _cannotFlush = true;
        Tell($"This worker's filesystem is not flushed as a whole: {Reason(answer.Failure ?? "sync failed", answer)}. Its files are flushed one by one instead.");
        return false;
    }

    /// <summary>
    /// The last command was closed before this is asked for, so its channel is free when it is answered: a command that waits takes the room that a target has for one, and no more, where the server
    /// grants few (MaxSessions).
    /// </summary>
    private async Task SettleAsync() => await files.FindAsync(RelativePath.Root, CancellationToken.None);

    private static int PieceLength(IReadOnlyList<SizedPath> asked, int begin)
    {
        var (count, bytes) = (0, 0);
        while (begin + count < asked.Count && count < FilesOfOneCommand && (count == 0 || bytes < PathsOfOneCommand))
        {
            bytes += asked[begin + count++].Path.Bytes.Length;
        }
        return count;
    }

    private async Task<bool> HashPieceAsync(IReadOnlyList<SizedPath> piece, Memory<Digest?> digests, CancellationToken cancellationToken)
    {
        if (!_quickIsRefused && ChecksumTool.IsForQuick(root, piece) && await HashQuicklyAsync(piece, digests, cancellationToken))
        {
            return true;
        }
        var proven = _trust == Trust.Proven && !EachCommandIsALogin;
        var saying = await AskAsync(ChecksumTool.Usual, piece, proven, cancellationToken);
        if (saying.Fault is { } fault)
        {
            return Refuse(fault, saying.Answer);
        }
        if (!(proven || saying.IsShown) || Interlocked.CompareExchange(ref _trust, Trust.Proven, Trust.Unknown) == Trust.Refused)
        {
            return false;
        }
        saying.Digests.CopyTo(digests);
        return true;
    }

    /// <summary>False: ask the usual program. It says all or it says nothing, and its word proves nothing for another one.</summary>
    private async Task<bool> HashQuicklyAsync(IReadOnlyList<SizedPath> piece, Memory<Digest?> digests, CancellationToken cancellationToken)
    {
        var proven = _quickIsProven && !EachCommandIsALogin;
        var saying = await AskAsync(ChecksumTool.Quick, piece, proven, cancellationToken);
        if ((saying.Fault ?? Unsaid(piece, saying.Digests.Span)) is { } fault)
        {
            if (!_quickIsRefused)
            {
                _quickIsRefused = true;
                Tell($"openssl is not used on this worker: {Reason(fault, saying.Answer)}. sha256sum is asked instead.");
            }
            return false;
        }
        if (!(proven || saying.IsShown) || _trust == Trust.Refused)
        {
            return false;
        }
        _quickIsProven = true;
        saying.Digests.CopyTo(digests);
        return true;
    }

    private static string? Unsaid(IReadOnlyList<SizedPath> piece, ReadOnlySpan<Digest?> digests)
    {
        for (var i = 0; i < digests.Length; i++)
        {
            if (digests[i] is null)
            {
                return $"it does not hash {piece[i].Path}";
            }
        }
        return null;
    }

    /// <summary>Has the files hashed, and unless the program is proved some files beside them, which are read back: what it says of these must be true, or all that it says counts for nothing.</summary>
    private async Task<Saying> AskAsync(ChecksumTool tool, IReadOnlyList<SizedPath> piece, bool proven, CancellationToken cancellationToken)
    {
        var records = proven ? [] : Records(piece);
        var paths = records.Concat(piece.Select(file => file.Path)).ToList();
        var proofs = proven ? [] : Enumerable.Range(0, records.Count).Concat(Samples(piece).Select(index => records.Count + index)).ToList();
        // Begun before the command and awaited behind it: the proof costs no round trip of its own.
        var readBack = Task.WhenAll(proofs.Select(index => ReadBackAsync(paths[index], cancellationToken)).ToList());
        var input = ChecksumList.Ask(root, paths);
        var patience = SftpClient.PatienceFor(piece.Sum(file => file.Size));
        var answer = await runner.RunAsync(new ShellRequest(tool.CommandLine, input, ChecksumList.LongestAnswer(input.Length, paths.Count), patience), cancellationToken);
        var known = await readBack;
        var answered = new Digest?[paths.Count];
        if (answer.Failure is { } failure)
        {
            return new Saying(failure, answer);
        }
        if (!ChecksumList.TryRead(answer.Output.Span, new ChecksumCase(root, paths, tool.Mark), answered, out var stray))
        {
            return new Saying($"it writes {SftpText.Quote(answer.Output.Span[stray..])}", answer);
        }
        for (var i = 0; i < proofs.Count; i++)
        {
            if (known[i] != answered[proofs[i]])
            {
                return new Saying(answered[proofs[i]] is null ? $"it does not hash {paths[proofs[i]]}" : $"its {paths[proofs[i]]} is another file than the one that SFTP shows", answer);
            }
        }
        return new Saying(null, answer) { Digests = answered.AsMemory(records.Count), IsShown = known.Any(digest => digest is not null && digest != Empty) };
    }

    /// <summary>What nobody but DepSync has written here, and no other folder holds: who pushed last, and who runs now where files of a run folder are asked for.</summary>
    private static List<RelativePath> Records(IReadOnlyList<SizedPath> piece)
    {
        var records = new List<RelativePath> { WorkerLayout.Owner };
        if (piece.FirstOrDefault(file => file.Path.IsBelow(WorkerLayout.Folder)).Path is { IsRoot: false } own)
        {
            while (own.Depth > 2)
            {
                own = own.Parent;
            }
            records.Add(WorkerLayout.RunOwner(own));
        }
        return records;
    }

    /// <summary>The smallest of the files that hold anything: an empty one has the same hash everywhere.</summary>
    private static IEnumerable<int> Samples(IReadOnlyList<SizedPath> piece)
    {
        var left = (long)ProofBytes;
        return Enumerable.Range(0, piece.Count).Where(index => piece[index].Size > 0).OrderBy(index => piece[index].Size).Take(ProofFiles).TakeWhile(index => (left -= piece[index].Size) >= 0);
    }

    /// <summary>Null when the file is absent or cannot be read. Of one that is longer than it was said to be, a hash that nothing else has.</summary>
    private async Task<Digest?> ReadBackAsync(RelativePath path, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = await files.OpenAsync(path, cancellationToken);
            if (file is null)
            {
                return null;
            }
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[Math.Min(RecordLimit, files.Capabilities.MaxTransfer)];
            long offset = 0;
            while (offset <= ProofBytes && await file.ReadAtAsync(offset, buffer, cancellationToken) is var count and > 0)
            {
                hash.AppendData(buffer, 0, count);
                offset += count;
            }
            return Digest.FromBytes(hash.GetHashAndReset());
        }
        catch (WorkerFileException)
        {
            return null;
        }
    }

    private bool Refuse(string reason, ShellAnswer answer)
    {
        _trust = Trust.Refused;
        if (Interlocked.CompareExchange(ref _refusal, Reason(reason, answer), null) is null)
        {
            Tell($"The shell of this worker is not used: {Refusal}. Contents are read back instead.");
        }
        return false;
    }

    private static string Reason(string reason, ShellAnswer answer)
    {
        var status = answer.ExitStatus is { } code and not 0 ? $" (exit status {code})" : "";
        return LastLine(answer.ErrorText) is { Length: > 0 } said ? $"{reason}{status}; it also said: {said}" : $"{reason}{status}";
    }

    /// <summary>The last line says what happened; what stands before is greetings.</summary>
    private static string LastLine(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is [.., var last] ? last[..Math.Min(last.Length, ToldCharacters)] : "";

    /// <summary>What a program says of a piece. <paramref name="Fault"/>: why that counts for nothing.</summary>
    private sealed record Saying(string? Fault, ShellAnswer Answer)
    {
        /// <summary>Of the files of the piece, in their order.</summary>
        public ReadOnlyMemory<Digest?> Digests { get; init; }

        /// <summary>Something that was read back says the same.</summary>
        public bool IsShown { get; init; }
    }
}
