using System.Globalization;
using System.Text;
using DepSync.Model;
using DepSync.Platform;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Sinks.File;

namespace DepSync.Reporting;

/// <summary>
/// The rolling file <c>depsync-YYYYMMDD[_NNN].log</c>: a new one each day and at each <c>max_size</c>, the oldest beyond <c>keep_files</c> removed, readable for its owner
/// alone. Lines are on their way to the system within a second, or when <see cref="Flush"/> returns (see <see cref="HeldStream"/>). One process at a time may have it open. A line that cannot be written later on is told
/// once and counted; it never throws.
/// </summary>
internal sealed class LogFile : IDisposable, ILoggingFailureListener
{
    private const string LineProperty = "line";

    private readonly Action<string> _tell;
    private readonly Logger _logger;
    private readonly OpenedFiles _files;
    private int _failures;

    /// <param name="tell">Takes the one message about a log that cannot be written any more.</param>
    /// <exception cref="DepSyncException">LocalFiles: the folder or the file cannot be written. The file sink itself would be silent about it.</exception>
    public LogFile(RunLogSettings settings, TimeProvider time, Action<string> tell)
    {
        _tell = tell;
        _files = new OpenedFiles(settings.MaxSizeBytes, time);
        Probe(settings.Directory);
        _logger = new LoggerConfiguration()
            .MinimumLevel.Verbose()
            .WriteTo.Fallible(
                sink => sink.File(
                    new BareLine(),
                    Path.Combine(settings.Directory, "depsync-.log"),
                    fileSizeLimitBytes: settings.MaxSizeBytes,
                    rollingInterval: RollingInterval.Day,
                    rollOnFileSizeLimit: true,
                    retainedFileCountLimit: settings.KeepFiles,
                    encoding: new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
                    hooks: _files),
                this)
            .CreateLogger();
    }

    /// <summary>How many lines were lost.</summary>
    public int Failures => Volatile.Read(ref _failures);

    public void Write(DateTimeOffset time, LogEventLevel level, string line) =>
        _logger.Write(new LogEvent(time, level, exception: null, MessageTemplate.Empty, [new LogEventProperty(LineProperty, new ScalarValue(line))]));

    /// <summary>Brings all lines to the system.</summary>
    public void Flush()
    {
        try
        {
            _files.Newest?.WriteThrough();
        }
        catch (IOException exception)
        {
            OnLoggingFailed(this, LoggingFailureKind.Permanent, exception.Message, null, exception);
        }
    }

    public void OnLoggingFailed(object sender, LoggingFailureKind kind, string message, IReadOnlyCollection<LogEvent>? events, Exception? exception)
    {
        if (Interlocked.Add(ref _failures, events?.Count ?? 1) == (events?.Count ?? 1))
        {
            _tell($"the log cannot be written: {Wording.Line(exception?.Message ?? message)}");
        }
    }

    /// <summary>What the last flush could not write is lost and told, like any other line.</summary>
    public void Dispose()
    {
        try
        {
            _logger.Dispose();
        }
        catch (IOException exception)
        {
            OnLoggingFailed(this, LoggingFailureKind.Final, exception.Message, null, exception);
        }
    }

    // Written, flushed and taken back, into the file that the first line will go to: a full disk shows only then.
    private static void Probe(string directory)
    {
        var path = Newest(directory);
        if (PlantedFile.Objection(path) is { } objection)
        {
            throw new DepSyncException(ErrorKind.LocalFiles, $"the log {path} is not used: {objection}", "remove it, after a look at who made it");
        }
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 0 };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }
            using var file = new FileStream(path, options);
            var length = file.Length;
            file.Seek(0, SeekOrigin.End);
            file.Write(Encoding.ASCII.GetBytes(new string(' ', 255) + "\n"));
            file.Flush();
            file.SetLength(length);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new DepSyncException(
                ErrorKind.LocalFiles,
                $"the log {path} cannot be written: {exception.Message}",
                "make its folder writable or name another one with --log-dir",
                exception);
        }
    }

    private static string Newest(string directory)
    {
        // The sink names its files by the system's clock, whatever clock the run has.
        var today = string.Create(CultureInfo.InvariantCulture, $"depsync-{TimeProvider.System.GetLocalNow():yyyyMMdd}");
        var files = Directory.Exists(directory) ? Directory.GetFiles(directory, today + "*.log") : [];
        Array.Sort(files, StringComparer.Ordinal);
        return files.LastOrDefault() ?? Path.Combine(directory, today + ".log");
    }

    private sealed class BareLine : ITextFormatter
    {
        public void Format(LogEvent logEvent, TextWriter output)
        {
            output.Write((string)((ScalarValue)logEvent.Properties[LineProperty]).Value!);
            output.Write('\n');
        }
    }

    /// <summary>Each file for its owner alone, and behind a <see cref="HeldStream"/>.</summary>
    private sealed class OpenedFiles(long limit, TimeProvider time) : FileLifecycleHooks
    {
        public HeldStream? Newest { get; private set; }

        public override Stream OnFileOpened(string path, Stream underlyingStream, Encoding encoding)
        {
            // A later file of the day: its name can be foreseen.
            if (PlantedFile.Objection(path) is { } objection)
            {
                underlyingStream.Dispose();
                throw new IOException($"{path} is not used: {objection}");
            }
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
            return Newest = new HeldStream(underlyingStream, limit, time);
        }
    }
}
