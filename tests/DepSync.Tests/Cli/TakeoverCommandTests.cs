using DepSync.Cli;
using DepSync.Config;
using DepSync.Reporting;
using DepSync.Tests.Support;

namespace DepSync.Tests.Cli;

/// <summary>The preview and the question of a takeover, on a terminal and off it, with a worker of this machine that another manager owns.</summary>
public sealed class TakeoverCommandTests : IDisposable
{
    private readonly TempTree _folder = new();
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public TakeoverCommandTests()
    {
        _folder.Write("first/conf/a.xml", "first").Write("second/conf/a.xml", "second, and longer").Write("workers-list.txt", "./worker name=w\n");
    }

    private string OnWorker => File.ReadAllText(Path.Combine(_folder.Path, "worker/conf/a.xml"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_yes_on_a_terminal_takes_over_what_the_preview_showed()
    {
        await OwnByFirstAsync();
        Assert.Equal(41, await RunAsync("second", "", "sync"));
        Assert.Equal(0, await RunAsync("second", "y\n", "takeover"));
        Assert.Equal("second, and longer", OnWorker);
        Assert.Matches("<f\\.s[.t]\\.{6} conf/a\\.xml\n", _out.ToString());
        Assert.Contains("Take over w, and make the changes above? [y/N] ", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(41, await RunAsync("first", "", "sync"));
    }

    [Theory]
    [InlineData("n\n")]
    [InlineData("")]
    public async Task Anything_but_a_yes_changes_nothing(string answer)
    {
        await OwnByFirstAsync();
        Assert.Equal(1, await RunAsync("second", answer, "takeover"));
        Assert.Equal("first", OnWorker);
        Assert.EndsWith("nothing was changed\n", _error.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder.Path, "state-second")));
        Assert.Equal(0, await RunAsync("first", "", "sync"));
    }

    [Fact]
    public async Task A_dry_run_only_shows()
    {
        await OwnByFirstAsync();
        Assert.Equal(0, await RunAsync("second", "y\n", "takeover", "-n"));
        Assert.Equal("first", OnWorker);
        Assert.DoesNotContain("[y/N]", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Yes_on_the_command_line_does_not_ask()
    {
        await OwnByFirstAsync();
        Assert.Equal(0, await RunAsync("second", "", "takeover", "--yes"));
        Assert.Equal("second, and longer", OnWorker);
        Assert.DoesNotContain("[y/N]", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_manager_directory_is_told_without_a_question()
    {
        await OwnByFirstAsync();
        Assert.Equal(3, await RunAsync("third", "y\n", "takeover"));
        Assert.DoesNotContain("[y/N]", _error.ToString(), StringComparison.Ordinal);
    }

    private async Task OwnByFirstAsync() => Assert.Equal(0, await RunAsync("first", "", "sync"));

    private Task<int> RunAsync(string manager, string answer, params string[] arguments)
    {
        var streams = new OutputOptions { Out = new OutputStream(_out, IsTerminal: true), Error = new OutputStream(_error, IsTerminal: true), ContinuousIntegration = true, NoColor = true };
        var host = new CommandHost(new ConfigPlace(_folder.Path, _folder.Path, _ => null), streams, TimeProvider.System) { Input = new InputStream(new StringReader(answer), isTerminal: true) };
        return host.InvokeAsync([.. arguments, "--manager-dir", manager, "--state-dir", "state-" + manager, "--log-dir", "log-" + manager, "--settle", "0"]);
    }
}
