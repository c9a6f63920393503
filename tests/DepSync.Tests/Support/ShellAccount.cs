namespace DepSync.Tests.Support;

/// <summary>
/// An sshd whose account has a login shell of the test's making: every command that is no SFTP server is written down and then done as the body says, a line of
/// <c>sh</c> that finds the command line in <c>$1</c>. The same for both ways in which a client asks.
/// </summary>
internal static class ShellAccount
{
    /// <summary>Does what it is told.</summary>
    public const string Honest = "exec sh -c \"$1\"";

    public static SshdServer Start(string body) => SshdServer.Start(new SshdOptions
    {
        Sftp = SshdOptions.ExternalSftp,
        Prepare = folder =>
        {
            var shell = Path.Combine(folder, "shell");
            File.WriteAllText(shell, $"""
                #!/bin/sh
                set -- "$SSH_ORIGINAL_COMMAND"
                case "$1" in *sftp-server*) exec $1 ;; esac
                printf '%s\n' "$1" >> {folder}/commands
                {body}
                """);
            Command.Run("chmod", "700", shell);
            return [$"ForceCommand {shell}"];
        },
    });

    /// <summary>The command lines that the account was asked for, in order.</summary>
    public static IReadOnlyList<string> Commands(SshdServer server) =>
        Path.Combine(server.Folder, "commands") is var file && File.Exists(file) ? File.ReadAllLines(file) : [];
}
