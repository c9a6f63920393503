namespace DepSync.Reporting;

/// <summary>Where the log is and how far it grows. <paramref name="Directory"/> exists already. A file ends with the first line that passes <paramref name="MaxSizeBytes"/>.</summary>
internal sealed record RunLogSettings(string Directory, int KeepFiles, long MaxSizeBytes);

/// <summary>Who started a run, for its first line. <paramref name="SudoUser"/> is null without sudo.</summary>
internal sealed record RunOrigin(string User, string? SudoUser, bool Terminal, string Version);
