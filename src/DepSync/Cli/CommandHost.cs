using System.CommandLine;
using System.CommandLine.Parsing;
using DepSync.Config;
using DepSync.Model;
using DepSync.Reporting;

namespace DepSync.Cli;

/// <summary>
/// The composition root: from arguments to a verb with its settings, streams and signals, and from what happened to the exit code. What a user or a machine did wrong is
/// told in a line; only a bug gets further than that.
/// </summary>
internal sealed class CommandHost(ConfigPlace place, OutputOptions streams, TimeProvider clock)
{
    private readonly Screen _screen = new(streams);

    /// <summary>Who answers questions.</summary>
    public InputStream Input { get; init; } = new(new Lazy<TextReader>(() => new StreamReader(Console.OpenStandardInput())), !Console.IsInputRedirected);

    public async Task<int> InvokeAsync(IReadOnlyList<string> arguments)
    {
        var parsed = RootCommandFactory.Create(this).Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0 && parsed.Action is System.CommandLine.Invocation.ParseErrorAction)
        {
            return TellUsage(parsed);
        }
        try
        {
            // Signals are ours: a commit may need longer than the library's two seconds.
            return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
        }
        catch (Exception bug) when (place.Variable("DEPSYNC_DEBUG") is null or "")
        {
            _screen.PrintError(TroubleText.Error(_screen.ErrorInk, null, $"internal error: {bug.GetType().Name}: {bug.Message}", "this is a bug in DepSync; DEPSYNC_DEBUG=1 in the environment shows where"));
            return ExitCodes.Usage;
        }
    }

    public void Print(string text) => _screen.Print(text);

    /// <summary>Runs a verb with its resolved settings; what it throws becomes a line on stderr and an exit code.</summary>
    public async Task<int> RunAsync(FlagValues flags, Func<CommandSession, Task<int>> verb)
    {
        var options = Options(ConfigResolver.ResolveOutput(flags, place));
        using var interruption = new Interruption();
        try
        {
            var resolved = ConfigResolver.Resolve(flags, place);
            return await verb(new CommandSession
            {
                Config = resolved.Run,
                Output = options,
                Clock = clock,
                Screen = new Screen(options),
                Confirmation = new Confirmation(streams.Error, Input),
                Stop = interruption.Token,
            });
        }
        catch (DepSyncException e)
        {
            return Tell(options, e);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return Tell(options, new DepSyncException(ErrorKind.Interrupted, "interrupted"));
        }
    }

    private int Tell(OutputOptions options, DepSyncException error)
    {
        var code = ExitCodes.ForError(error.Kind);
        using var output = new RunOutput(options with { Run = RunId.Create(clock) }, clock, ExitCodes.ForWorker);
        output.On(new RunFailed(error.Kind, error.Message, error.Hint, code));
        return code;
    }

    private int TellUsage(ParseResult parsed)
    {
        foreach (var error in parsed.Errors)
        {
            _screen.PrintError(TroubleText.Error(_screen.ErrorInk, null, error.Message.TrimEnd('.') + Suggestion(parsed, error), null));
        }
        var verb = parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name + " ";
        _screen.PrintError($"  hint: depsync {verb}--help");
        return ExitCodes.Usage;
    }

    private static string Suggestion(ParseResult parsed, ParseError error)
    {
        var known = parsed.CommandResult.Command.Options.Select(o => o.Name).Concat(parsed.CommandResult.Command.Subcommands.Select(c => c.Name));
        var wrong = parsed.UnmatchedTokens.FirstOrDefault(t => error.Message.Contains($"'{t}'", StringComparison.Ordinal));
        return wrong is not null && NearestName.LikelyOf(wrong.Split('=')[0], known) is { } nearest ? $"; did you mean '{nearest}'?" : "";
    }

    private OutputOptions Options(OutputSettings settings) => streams with
    {
        Format = settings.Json ? OutputFormat.Json : OutputFormat.Human,
        Verbosity = settings.Quiet ? Verbosity.Quiet : settings.Verbose ? Verbosity.Verbose : Verbosity.Normal,
        Itemize = settings.Itemize,
        Color = Appearance(settings.Color),
        Progress = Appearance(settings.Progress),
    };

    private static Appearance Appearance(OutputMode mode) => mode switch
    {
        OutputMode.Always => Reporting.Appearance.Always,
        OutputMode.Never => Reporting.Appearance.Never,
        _ => Reporting.Appearance.Auto,
    };
}
