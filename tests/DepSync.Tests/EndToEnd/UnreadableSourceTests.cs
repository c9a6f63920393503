using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>
/// The program as a user who may not read all of the manager directory: as root, to whom everything is readable, the tests let nobody run it.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class UnreadableSourceTests
{
    private const string Nobody = "65534";

    [SshdTheory]
    [InlineData("shut/one.xml")]
    [InlineData("shut")]
    [InlineData("shut/below")]
    public async Task What_may_not_be_read_is_told_and_removes_nothing_anywhere_while_the_rest_is_pushed(string closed)
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), AddSshWorker(box)];
        box.Manager.Write("conf/changed.xml", "old").Write("conf/gone.xml", "gone").Write("lib/gone.jar", "gone").Write("lib/stays.jar", "stays")
            .Write("shut/one.xml", "one").Write("shut/below/two.xml", "two");
        GiveAway(box);
        (await RunAsync(box)).Expect(0);
        Assert.All(targets, target => TreeText.AssertMirrored(box.Manager.Path, target.Path));

        var mode = (int)File.GetUnixFileMode(Path.Combine(box.Manager.Path, closed));
        box.Manager.Write("conf/changed.xml", "new").Write("new.xml", "new").Delete("conf/gone.xml"u8).Delete("lib/gone.jar"u8);
        GiveAway(box);
        Close(box.Manager, closed);
        var preview = (await RunAsync(box, "-n", "--json")).Expect(23);
        AssertTold(preview, closed);
        var run = (await RunAsync(box, "--json")).Expect(23);
        AssertTold(run, closed);
        Assert.All(Sandbox.Results(run).Values, worker => Assert.Equal((0, 2, 1, 1), (Count(worker, "deleted"), Count(worker, "deletes_held"), Count(worker, "created"), Count(worker, "updated"))));
        foreach (var target in targets)
        {
            string[] held = ["gone", "gone", "stays", "one", "two", "new", "new"];
            string[] paths = ["conf/gone.xml", "lib/gone.jar", "lib/stays.jar", "shut/one.xml", "shut/below/two.xml", "conf/changed.xml", "new.xml"];
            Assert.Equal(held, paths.Select(target.Read));
        }
        // It stays so for as long as it is not mended, and on a terminal's two streams.
        var again = (await RunAsync(box)).Expect(23);
        Assert.Contains($"manager: {closed}: ", again.Errors, StringComparison.Ordinal);
        Assert.Contains("2 deletes not made, because the manager directory could not be read whole", again.Errors, StringComparison.Ordinal);
        Assert.Contains("nothing is removed on any worker", again.Errors, StringComparison.Ordinal);

        // The twin: the same changes, and all can be read.
        box.Manager.SetMode(Encoding.UTF8.GetBytes(closed), mode);
        // The mode of a folder is mirrored although it is closed.
        targets[0].SetMode(Encoding.UTF8.GetBytes(closed), mode);
        GiveAway(box);
        var mended = Sandbox.Results((await RunAsync(box, "--json")).Expect(0));
        Assert.All(mended.Values, worker => Assert.Equal((2, 0), (Count(worker, "deleted"), Count(worker, "deletes_held"))));
        Assert.All(targets, target => TreeText.AssertMirrored(box.Manager.Path, target.Path));
    }

    private static void AssertTold(ProcessOutcome run, string closed)
    {
        var problem = Assert.Single(Sandbox.Json(run), line => line.GetProperty("type").GetString() == "problem");
        Assert.Equal((JsonValueKind.Null, closed), (problem.GetProperty("worker").ValueKind, problem.GetProperty("path").GetString()));
        Assert.Contains("cannot be read", problem.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(23, Count(Sandbox.Json(run)[^1], "exit_code"));
        Assert.Contains($"manager: {closed}: ", run.Errors, StringComparison.Ordinal);
        Assert.Contains("nothing is removed on any worker", run.Errors, StringComparison.Ordinal);
    }

    private static int Count(JsonElement worker, string counter) => worker.GetProperty(counter).GetInt32();

    /// <summary>With a key of its own in the sandbox, which the program's user can be given.</summary>
    private static TempTree AddSshWorker(Sandbox box)
    {
        var key = Path.Combine(box.Folder, "key");
        File.Copy(box.Sshd.ClientKey, key);
        box.AddLine($"{box.Sshd.User}@127.0.0.1:{box.Folder}/ssh   name=ssh port={box.Sshd.Port} identity={key}");
        return box.AddTree("ssh");
    }

    private static void GiveAway(Sandbox box)
    {
        if (Libc.IsRoot)
        {
            // The SSH worker's files are its login's, who is the tests' user.
            Command.Run("find", box.Folder, "-path", $"{box.Folder}/ssh", "-prune", "-o", "-exec", "chown", "-h", $"{Nobody}:{Nobody}", "{}", "+");
        }
    }

    /// <summary>To the user who runs the program: root's own, or where the tests are not root's, nobody's at all.</summary>
    private static void Close(TempTree tree, string path)
    {
        var name = Encoding.UTF8.GetBytes(path);
        if (Libc.IsRoot)
        {
            Libc.ChangeOwner(tree.Absolute(name), 0, 0);
        }
        tree.SetMode(name, Libc.IsRoot ? 0b111_000_000 : 0);
    }

    private static Task<ProcessOutcome> RunAsync(Sandbox box, params string[] options)
    {
        string[] user = Libc.IsRoot ? ["setpriv", $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups"] : [];
        string[] command = [.. user, .. box.Command(["sync", .. options])];
        return DepSyncProcess.RunOtherAsync(box.Folder, command[0], command[1..]);
    }
}
