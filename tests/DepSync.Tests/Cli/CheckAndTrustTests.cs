using System.Net;
using System.Net.Sockets;
using DepSync.Cli;
using DepSync.Config;
using DepSync.Reporting;
using DepSync.Tests.Support;

namespace DepSync.Tests.Cli;

/// <summary>Codes and texts of <c>check</c> and <c>trust</c> that need no server; the rest is tested on real ones.</summary>
public sealed class CheckAndTrustTests : IDisposable
{
    private readonly TempTree _folder = new();
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public CheckAndTrustTests() => _folder.Write("manager/a", "a").Write("good/a", "a");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Good_workers_are_0()
    {
        Assert.Equal(0, await RunAsync("./good\n", "check"));
        Assert.EndsWith("1 worker: 1 ready\n", _out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_without_its_parent_is_23_and_says_what_mends_it()
    {
        Assert.Equal(23, await RunAsync("./good\n./no/parent name=bad\n", "check"));
        Assert.Contains("mend: ", _out.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("2 workers: 1 ready, 1 not\n", _out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_when_no_worker_is_reached_it_is_45()
    {
        var away = $"u@127.0.0.1:/x port={ClosedPort()}\n";
        Assert.Equal(45, await RunAsync(away, "check"));
        Assert.Equal(45, await RunAsync(away, "trust", "--yes"));
        Assert.Equal(23, await RunAsync(away + "./good\n", "check"));
    }

    [Fact]
    public async Task One_directory_under_two_names_is_a_warning()
    {
        _folder.MakeSymlink("same"u8, "good"u8);
        Assert.Equal(0, await RunAsync("./good name=one\n./same name=two\n", "check"));
        Assert.Contains("the same directory as worker one", _out.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--no-probe")]
    [InlineData("-n")]
    public async Task Without_a_probe_check_says_so(string option)
    {
        Assert.Equal(0, await RunAsync("./good\n", "check", option));
        Assert.Contains("not tried", _out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_has_an_object_a_finding()
    {
        Assert.Equal(0, await RunAsync("./good\n", "check", "--json"));
        Assert.All(_out.ToString().TrimEnd('\n').Split('\n'), line => Assert.Contains("\"type\":\"check\",\"worker\":\"./good\",\"name\":", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_missing_manager_directory_is_3_for_check_and_nothing_for_trust()
    {
        Directory.Delete(Path.Combine(_folder.Path, "manager"), recursive: true);
        Assert.Equal(3, await RunAsync("./good\n", "check"));
        Assert.Equal(0, await RunAsync("./good\n", "trust"));
    }

    [Fact]
    public async Task Trust_of_a_worker_that_is_not_in_the_list_is_1()
    {
        Assert.Equal(1, await RunAsync("h:/x name=node-1\n", "trust", "nod-1"));
        Assert.Contains("did you mean 'node-1'?", _error.ToString(), StringComparison.Ordinal);
    }

    private static int ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private Task<int> RunAsync(string workers, params string[] arguments)
    {
        _folder.Write("workers-list.txt", workers);
        var streams = new OutputOptions { Out = new OutputStream(_out, IsTerminal: false), Error = new OutputStream(_error, IsTerminal: false) };
        var host = new CommandHost(new ConfigPlace(_folder.Path, _folder.Path, _ => null), streams, TimeProvider.System) { Input = new InputStream(TextReader.Null, isTerminal: false) };
        return host.InvokeAsync([.. arguments, "--manager-dir", "manager", "--known-hosts", "known_hosts"]);
    }
}
