namespace DepSync.Model;

/// <summary>One path that failed, and why; the rest of the run goes on (exit 23). <paramref name="Message"/> is a whole sentence without the path.</summary>
internal sealed record Problem(RelativePath Path, string Message);
