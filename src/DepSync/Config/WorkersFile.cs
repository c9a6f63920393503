using System.Globalization;
using System.Text;
using DepSync.Model;

namespace DepSync.Config;

/// <summary>
/// workers-list.txt: one worker a line, as <see cref="WorkerLine"/> and <see cref="WorkerTarget"/> read it. Everything that is wrong in the file is told at once, each as
/// <c>file:line: what was expected</c>; nothing is contacted before.
/// </summary>
internal sealed class WorkersFile
{
    private const int MaxLines = 10_000;

    private readonly string _folder;
    private readonly ConfigPlace _place;
    private readonly List<(int Line, string Text)> _errors = [];

    private WorkersFile(string file, ConfigPlace place)
    {
        _place = place;
        _folder = Path.GetDirectoryName(file) is { Length: > 0 } folder ? folder : place.CurrentFolder;
    }

    /// <param name="file">Absolute.</param>
    /// <exception cref="DepSyncException">Source: missing, unreadable, or no worker in it. Config: lines that are no workers, each on a line of the message.</exception>
    public static IReadOnlyList<WorkerAddress> Read(string file, ConfigPlace place) => Parse(TextFile.Read(file, ErrorKind.Source), file, place);

    /// <summary>As <see cref="Read"/>, of bytes at hand. Pure.</summary>
    /// <exception cref="DepSyncException">As <see cref="Read"/>.</exception>
    public static IReadOnlyList<WorkerAddress> Parse(ReadOnlySpan<byte> bytes, string file, ConfigPlace place)
    {
        if (bytes.Length > TextFile.MaxBytes)
        {
            throw new DepSyncException(ErrorKind.Config, $"{file}: expected at most 1 MiB");
        }
        if (bytes.Count((byte)'\n') >= MaxLines && bytes.TrimEnd((byte)'\n').Count((byte)'\n') >= MaxLines)
        {
            throw new DepSyncException(ErrorKind.Config, string.Create(CultureInfo.InvariantCulture, $"{file}: expected at most {MaxLines:N0} lines"));
        }
        var list = new WorkersFile(file, place);
        var drafts = list.ParseLines(bytes);
        var workers = WorkerNames.Assign(drafts, list._errors);
        if (list._errors.Count > 0)
        {
            throw new DepSyncException(ErrorKind.Config, string.Join('\n', list._errors.OrderBy(e => e.Line).Select(e => $"{file}:{e.Line}: {e.Text}")));
        }
        return workers.Count > 0 ? workers : throw new DepSyncException(ErrorKind.Source, $"{file}: no worker in it", "Write one worker a line: user@host:path, or a path of this machine.");
    }

    private List<WorkerDraft> ParseLines(ReadOnlySpan<byte> bytes)
    {
        var drafts = new List<WorkerDraft>();
        var number = 0;
        foreach (var range in bytes.Split((byte)'\n'))
        {
            number++;
            var line = bytes[range];
            try
            {
                if (WorkerLine.Parse(Decode(line.EndsWith("\r"u8) ? line[..^1] : line)) is { } words)
                {
                    drafts.Add(Draft(words, number));
                }
            }
            catch (FormatException e)
            {
                _errors.Add((number, e.Message));
            }
        }
        return drafts;
    }

    private static string Decode(ReadOnlySpan<byte> line)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(line);
        }
        catch (DecoderFallbackException)
        {
            throw new FormatException("expected UTF-8 text");
        }
    }

    private WorkerDraft Draft(WorkerLine words, int number)
    {
        WorkerTarget? target = null;
        WorkerOptions? options = null;
        Try(number, () => target = WorkerTarget.Parse(words.Target, _place.IsWindows));
        Try(number, () => options = Options(words.Options, number));
        string? path = null;
        if (target is not null)
        {
            Try(number, () => path = target.Host is null ? _place.Absolute(target.Path, _folder) : target.Path);
            Check(target.Host is null && options?.Port is not null, number, "expected no port: the target is a path of this machine");
            Check(target.Host is null && options?.Identity is not null, number, "expected no identity: the target is a path of this machine");
            Check(target.Port is not null && options?.Port is not null, number, "expected one port, in the URL or as an option");
        }
        return new WorkerDraft(options?.Name, number, target is null || options is null || path is null ? null : new WorkerAddress
        {
            Name = options.Name ?? "",
            Target = words.Target,
            User = target.User,
            Host = target.Host,
            Port = target.Port ?? options.Port ?? 22,
            PortGiven = (target.Port ?? options.Port) is not null,
            Path = path,
            Identity = options.Identity,
            Groups = options.Groups,
            Line = number,
        });
    }

    private WorkerOptions Options(IReadOnlyList<(string Key, string Value)> pairs, int number)
    {
        var options = new WorkerOptions();
        var seen = new HashSet<string>();
        foreach (var (key, value) in pairs)
        {
            Check(!seen.Add(key), number, $"expected '{key}' once");
            Try(number, () => options = options.With(key, value, path => _place.Absolute(path, _folder)));
        }
        return options;
    }

    private void Try(int number, Action parse)
    {
        try
        {
            parse();
        }
        catch (FormatException e)
        {
            _errors.Add((number, e.Message));
        }
    }

    private void Check(bool wrong, int number, string expected)
    {
        if (wrong)
        {
            _errors.Add((number, expected));
        }
    }
}
