using System.Text;
using CsCheck;
using DepSync.Config;
using DepSync.Model;

namespace DepSync.Tests.Config;

/// <summary>Whatever a file holds, reading it ends, and ends in settings or in an error with a place.</summary>
public sealed class ConfigFuzzTests
{
    private static readonly ConfigPlace Place = new("/work", "/home/me", _ => null) { IsWindows = false };

    private static readonly Gen<string> List = Text(
        "u@", "h", "h1.x", ":", "/", "//", "~", "~o", "-", "sftp://", "[", "]", "::1", "%41", "%", " ", "\t", "\n", "\r\n", "#", "\"", "\\", "=", "name=", "port=22", "group=a,b", ",", "x", "\0", "\u202e", "é", "./", "../");

    private static readonly Gen<string> Yaml = Text(
        "manager_dir", "ssh", "identity", "exclude", "log", "settle", ":", ": ", "\n", "\n  ", "- ", "? ", "[", "]", "{", "}", ",", "*a", "&a ", "!t ", "!!str ", "\"", "'", "|", ">", "#", "%YAML 1.2\n", "---\n", "...\n", "@", "`", "\t", "~", "3s", "x", "\\", "\0", "é", "<<");

    [Fact]
    public void A_workers_list_of_any_text_is_read_or_refused() =>
        List.Sample(text => EndsWell(() => WorkersFile.Parse(Encoding.UTF8.GetBytes(text), "/etc/list", Place), "/etc/list"));

    [Fact]
    public void Settings_of_any_text_are_read_or_refused() =>
        Yaml.Sample(text => EndsWell(() => ConfigFile.Parse(Encoding.UTF8.GetBytes(text), "/etc/yaml", Place), "/etc/yaml"), iter: 2000);

    [Fact]
    public void Bytes_of_any_kind_are_read_or_refused() =>
        Gen.Byte.Array[0, 60].Sample(bytes => EndsWell(() => WorkersFile.Parse(bytes, "/l", Place), "/l") && EndsWell(() => ConfigFile.Parse(bytes, "/l", Place), "/l"));

    [Fact]
    public void What_passes_as_a_remote_target_is_harmless_on_a_command_line() =>
        List.Sample(text =>
        {
            try
            {
                var target = WorkerTarget.Parse(text, isWindows: false);
                return target.Host is null
                    || (target.Host.All(c => char.IsAsciiLetterOrDigit(c) || "._-:%".Contains(c, StringComparison.Ordinal)) && target.Host[0] != '-' && target.User?[0] is not '-' && target.Path[0] != '-');
            }
            catch (FormatException)
            {
                return true;
            }
        });

    private static Gen<string> Text(params string[] words) => Gen.Int[0, words.Length - 1].Array[0, 24].Select(indexes => string.Concat(indexes.Select(i => words[i])));

    private static bool EndsWell(Action read, string file)
    {
        try
        {
            read();
            return true;
        }
        catch (DepSyncException e)
        {
            return e.Kind is ErrorKind.Config or ErrorKind.Source && e.Message.Split('\n').All(line => line.StartsWith(file + ":", StringComparison.Ordinal));
        }
    }
}
