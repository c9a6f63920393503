using System.Text;
using DepSync.Model;
using DepSync.Platform;

namespace DepSync.Tests.Platform;

public sealed class ProcessRunnerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Arguments_arrive_as_they_are_and_output_and_exit_code_come_back()
    {
        using var process = ProcessRunner.Start(new ProcessRequest("sh", ["-c", "printf '%s|' \"$@\"; exit 7", "x", "a b", "$(id)", "'\"\n", ""]));
        process.Input.Close();
        using var output = new MemoryStream();
        await process.Output.CopyToAsync(output);
        Assert.Equal("a b|$(id)|'\"\n||", Encoding.UTF8.GetString(output.ToArray()));
        Assert.Equal(7, await process.WaitForExitAsync(Patience));
    }

    [Fact]
    public async Task Only_the_variables_on_the_list_are_handed_on()
    {
        using var process = ProcessRunner.Start(new ProcessRequest("/usr/bin/env", []) { Environment = ["PATH", "DOTNET_*"] });
        using var reader = new StreamReader(process.Output);
        var names = (await reader.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=')[0]);
        Assert.All(names, name => Assert.True(name == "PATH" || name.StartsWith("DOTNET_", StringComparison.Ordinal), name));
    }

    [Fact]
    public async Task A_flood_on_the_error_stream_is_drained_and_cut()
    {
        using var process = ProcessRunner.Start(new ProcessRequest("sh", ["-c", "head -c 10000000 /dev/zero | tr '\\0' x >&2"]));
        Assert.Equal(0, await process.WaitForExitAsync(Patience));
        Assert.Equal(64 << 10, process.ErrorText.Length);
    }

    [Fact]
    public async Task Disposing_ends_the_process_and_whoever_waits_for_its_output()
    {
        var process = ProcessRunner.Start(new ProcessRequest("sleep", ["1000"]));
        var reading = process.Output.ReadAsync(new byte[1]).AsTask();
        process.Dispose();
        Assert.Equal(0, await reading.WaitAsync(Patience));
        process.Dispose();
    }

    [Fact]
    public void A_program_that_is_not_there_is_told() =>
        Assert.Equal(ErrorKind.LocalFiles, Assert.Throws<DepSyncException>(() => ProcessRunner.Start(new ProcessRequest("no-such-program-here", []))).Kind);
}
