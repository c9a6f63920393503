namespace DepSync.Model;

/// <summary>The limit of <c>max_delete</c>: <c>N%</c> or a plain number.</summary>
internal readonly record struct DeleteLimit(long Value, bool IsPercent)
{
    public override string ToString() => IsPercent ? $"{Value}%" : $"{Value}";
}
