using DepSync.Model;
using DepSync.Platform;

namespace DepSync.Tests.Platform;

public sealed class SystemPathsTests
{
    public static TheoryData<string, string?, string?, string, string, string> Places => new()
    {
        // who, --state-dir, --log-dir, environment, state, logs
        { "user", null, null, "", "/home/u/.local/state/depsync", "/home/u/.local/state/depsync/logs" },
        { "user", null, null, "XDG_STATE_HOME=/x", "/x/depsync", "/x/depsync/logs" },
        { "user", null, null, "XDG_STATE_HOME=relative", "/home/u/.local/state/depsync", "/home/u/.local/state/depsync/logs" },
        { "user", null, null, "XDG_STATE_HOME=", "/home/u/.local/state/depsync", "/home/u/.local/state/depsync/logs" },
        { "user", null, null, "STATE_DIRECTORY=/s/1:/s/2 LOGS_DIRECTORY=/l/1:/l/2 XDG_STATE_HOME=/x", "/s/1", "/l/1" },
        { "user", "/set", null, "STATE_DIRECTORY=/s", "/set", "/set/logs" },
        { "user", "/set", "/logs", "STATE_DIRECTORY=/s LOGS_DIRECTORY=/l", "/set", "/logs" },
        { "root", null, null, "XDG_STATE_HOME=/x", "/var/lib/depsync", "/var/log/depsync" },
        { "root", null, null, "STATE_DIRECTORY=/s", "/s", "/var/log/depsync" },
        { "root", "/set", "/logs", "", "/set", "/logs" },
        { "windows", null, null, @"ProgramData=C:\ProgramData LOCALAPPDATA=C:\Users\u\Local", @"C:\ProgramData\DepSync", @"C:\ProgramData\DepSync\logs" },
        { "windows guest", null, null, @"ProgramData=C:\ProgramData LOCALAPPDATA=C:\Users\u\Local", @"C:\Users\u\Local\DepSync", @"C:\Users\u\Local\DepSync\logs" },
        { "windows", null, null, @"STATE_DIRECTORY=/s ProgramData=C:\ProgramData", @"C:\ProgramData\DepSync", @"C:\ProgramData\DepSync\logs" },
    };

    [Theory, MemberData(nameof(Places))]
    public void State_and_logs_lie_where_the_first_source_says(string who, string? stateSetting, string? logSetting, string environment, string state, string logs) =>
        Assert.Equal(new SystemPaths(state, logs), SystemPaths.Choose(stateSetting, logSetting, Facts(who, environment)));

    [Theory]
    [InlineData("user without home")]
    [InlineData("windows")]
    public void Without_a_home_the_error_names_the_option(string who)
    {
        var error = Assert.Throws<DepSyncException>(() => SystemPaths.Choose(null, null, Facts(who, "")));
        Assert.Equal(ErrorKind.LocalFiles, error.Kind);
        Assert.Contains("--state-dir", error.Hint, StringComparison.Ordinal);
    }

    private static SystemFacts Facts(string who, string environment)
    {
        var variables = environment.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=')).ToDictionary(v => v[0], v => v[1]);
        return new SystemFacts
        {
            IsWindows = who.StartsWith("windows", StringComparison.Ordinal),
            IsRoot = who == "root",
            Home = who == "user without home" ? "" : "/home/u",
            Environment = name => variables.GetValueOrDefault(name),
            IsWritable = _ => who == "windows",
        };
    }
}
