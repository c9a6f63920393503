namespace DepSync.Platform;

/// <summary>Who runs this process and where; for messages and for what others read on a worker. <see cref="SudoUser"/> is who called sudo; null without it.</summary>
internal sealed record LoginUser(string Name, string Host, string? SudoUser)
{
    public static LoginUser Current { get; } = new(Environment.UserName, Environment.MachineName, Environment.GetEnvironmentVariable("SUDO_USER") is { Length: > 0 } caller ? caller : null);
}
