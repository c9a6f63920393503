using DepSync.Cli;
using DepSync.Config;
using DepSync.Reporting;

namespace DepSync.Tests.Cli;

/// <summary>What ends before any worker is contacted: help, version, wrong calls, wrong settings.</summary>
public sealed class CommandHostTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("depsync-cli-").FullName;
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_call_without_a_verb_prints_the_help_and_is_no_success()
    {
        Assert.Equal(1, await RunAsync());
        Assert.StartsWith("depsync 0.1.0: ", _out.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _error.ToString());
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("--help sync --bogus")]
    public async Task Help_is_a_success_whatever_else_is_wrong(string arguments)
    {
        Assert.Equal(0, await RunAsync(arguments.Split(' ')));
        Assert.Contains("Exit codes:", _out.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _error.ToString());
    }

    [Fact]
    public async Task The_version_is_one_line()
    {
        Assert.Equal(0, await RunAsync("--version"));
        Assert.Equal("depsync 0.1.0\n", _out.ToString());
    }

    [Theory]
    [InlineData("snyc", "did you mean 'sync'?")]
    [InlineData("sync --exlude=x", "did you mean '--exclude'?")]
    [InlineData("sync extra", "Unrecognized command or argument 'extra'")]
    [InlineData("sync --parallel", "'--parallel'")]
    [InlineData("sync @file", "Unrecognized command or argument '@file'")]
    [InlineData("sync --only a b", "Unrecognized command or argument 'b'")]
    public async Task A_wrong_call_is_told_on_stderr_with_code_1(string arguments, string expected)
    {
        Assert.Equal(1, await RunAsync(arguments.Split(' ')));
        Assert.Contains(expected, _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("--help", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _out.ToString());
    }

    [Theory]
    [InlineData("sync")]
    [InlineData("check")]
    [InlineData("takeover -n")]
    public async Task No_manager_directory_is_told_with_the_way_out(string arguments)
    {
        await File.WriteAllTextAsync(In("workers-list.txt"), "h:/x\n");
        Assert.Equal(1, await RunAsync(arguments.Split(' ')));
        Assert.Equal("error: no manager directory: give --manager-dir DIR, or write manager_dir in depsync.yaml\n", _error.ToString());
    }

    [Fact]
    public async Task All_errors_of_the_settings_are_told_a_line_each()
    {
        await File.WriteAllTextAsync(In("depsync.yaml"), "manager_dir: m\nparalel: 3\nexclude: [*.bak]\n");
        await File.WriteAllTextAsync(In("workers-list.txt"), "h:/x prot=1\n-x\n");
        Assert.Equal(1, await RunAsync("sync", "--settle", "\u001b[2J"));
        var lines = _error.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal(5, lines.Length);
        Assert.All(lines, line => Assert.StartsWith("error: ", line, StringComparison.Ordinal));
        Assert.Contains(@"'\x1B[2J'", lines[0], StringComparison.Ordinal);
        Assert.Contains("depsync.yaml:2:1: unknown key 'paralel', the nearest known key is 'parallel'", lines[1], StringComparison.Ordinal);
        Assert.Contains("depsync.yaml:3:11: ", lines[2], StringComparison.Ordinal);
        Assert.Contains("workers-list.txt:1: unknown option 'prot'", lines[3], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_workers_list_is_code_3()
    {
        Assert.Equal(3, await RunAsync("sync", "--manager-dir", "m"));
        Assert.Contains("workers-list.txt: no such file", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_json_a_failure_before_the_run_is_an_object_too()
    {
        Assert.Equal(1, await RunAsync("sync", "--json", "--parallel=0"));
        Assert.Contains("\"type\":\"run_done\",\"exit_code\":1,", _out.ToString(), StringComparison.Ordinal);
        Assert.Contains("\"kind\":\"config\"", _out.ToString(), StringComparison.Ordinal);
        Assert.Matches("\"run\":\"[^\"]+\"", _out.ToString());
    }

    [Fact]
    public async Task A_takeover_needs_a_yes_before_anything_is_contacted()
    {
        await File.WriteAllTextAsync(In("workers-list.txt"), "h:/x\n");
        Assert.Equal(1, await RunAsync("takeover", "--manager-dir", "m"));
        Assert.Equal("error: there is no terminal to ask on\n  hint: give --yes, or -n to look only\n", _error.ToString());
    }

    [Fact]
    public void Every_setting_with_a_flag_has_its_option_and_the_other_way_round()
    {
        var options = CommonOptions.Groups.SelectMany(g => g.Options).ToList();
        Assert.Equal(Setting.All.Where(s => s.Flag is not null).Select(s => s.Flag!).Append("config").Order(), options.Select(o => o.Name).Order());
        Assert.Equal(Setting.All.Where(s => s.IsSwitch).Select(s => s.Flag).Order(), options.Where(o => o.Value is null).Select(o => o.Name).Order());
        Assert.Equal(Setting.All.Where(s => s is { IsList: true, Flag: not null }).Select(s => s.Flag).Order(), options.Where(o => o.Text.Contains("(repeatable", StringComparison.Ordinal)).Select(o => o.Name).Order());
    }

    [Fact]
    public void Values_go_on_as_they_were_typed()
    {
        var command = new System.CommandLine.Command("x");
        var options = new CommonOptions(command);
        var parsed = command.Parse(["-nv", "-ikey", "--only", "a", "--only=b,c", "--parallel", "1", "--parallel", "2", "--checksum=false", "--exclude", "-x", "--config", "f", "-v"]);
        Assert.Empty(parsed.Errors);
        var values = options.Values(parsed);
        Assert.Equal("f", values.ConfigFile);
        Assert.Equal(
            "checksum=false dry-run=true exclude=-x identity=key only=a|b,c parallel=1|2 verbose=true",
            string.Join(' ', values.Values.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Key}={string.Join('|', v.Value)}")));
    }

    private string In(string name) => Path.Combine(_folder, name);

    private Task<int> RunAsync(params string[] arguments)
    {
        var streams = new OutputOptions { Out = new OutputStream(_out, IsTerminal: false), Error = new OutputStream(_error, IsTerminal: false) };
        var place = new ConfigPlace(_folder, _folder, _ => null);
        return new CommandHost(place, streams, TimeProvider.System) { Input = new InputStream(TextReader.Null, isTerminal: false) }.InvokeAsync(arguments);
    }
}
