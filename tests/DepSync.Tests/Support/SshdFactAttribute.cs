namespace DepSync.Tests.Support;

/// <summary>A fact that needs a real sshd. Without one it is skipped with the reason; with <c>CI=true</c> it runs and fails, so that nothing goes untested unseen.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SshdFactAttribute : FactAttribute
{
    public SshdFactAttribute() => Skip = SshdServer.SkipReason;
}

/// <summary>As <see cref="SshdFactAttribute"/>, for theories.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SshdTheoryAttribute : TheoryAttribute
{
    public SshdTheoryAttribute() => Skip = SshdServer.SkipReason;
}
