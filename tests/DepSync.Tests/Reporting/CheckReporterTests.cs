using DepSync.Reporting;

namespace DepSync.Tests.Reporting;

public sealed class CheckReporterTests
{
    private static readonly CheckFinding[] Findings =
    [
        new("login", CheckState.Ok, "wso2 by key", null),
        new("target", CheckState.Failed, "/opt/\u001b[2Jx is missing", "ssh wso2@h mkdir /opt"),
        new("clock", CheckState.Warning, "9 s ahead", null),
    ];

    private readonly StringWriter _out = new();

    [Fact]
    public void A_worker_is_a_block_with_a_line_a_finding()
    {
        Print(options => options);
        Assert.Equal(
            """
            node-1
              ok       login   wso2 by key
              failed   target  /opt/\x1B[2Jx is missing
                               mend: ssh wso2@h mkdir /opt
              warning  clock   9 s ahead

            """.ReplaceLineEndings("\n"),
            _out.ToString());
    }

    [Fact]
    public void Quiet_shows_failures_alone()
    {
        Print(options => options with { Verbosity = Verbosity.Quiet });
        Assert.DoesNotContain("login", _out.ToString(), StringComparison.Ordinal);
        Assert.Contains("target", _out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Json_has_an_object_a_finding()
    {
        Print(options => options with { Format = OutputFormat.Json });
        var lines = _out.ToString().Split('\n');
        Assert.EndsWith("""
            "run":"r","type":"check","worker":"node-1","name":"login","ok":true,"message":"wso2 by key","mend":null,"state":"ok"}
            """, lines[0], StringComparison.Ordinal);
        Assert.Contains("\"mend\":\"ssh wso2@h mkdir /opt\"", lines[1], StringComparison.Ordinal);
        Assert.EndsWith("\"state\":\"failed\"}", lines[1], StringComparison.Ordinal);
        Assert.Contains("\"ok\":true", lines[2], StringComparison.Ordinal);
        Assert.EndsWith("\"state\":\"warning\"}", lines[2], StringComparison.Ordinal);
    }

    private void Print(Func<OutputOptions, OutputOptions> change)
    {
        var options = change(new OutputOptions { Out = new OutputStream(_out, IsTerminal: false), Error = new OutputStream(TextWriter.Null, IsTerminal: false) });
        new CheckReporter(new Screen(options), options, TimeProvider.System, "r").Print("node-1", Findings);
    }
}
