namespace DepSync.Model;

/// <summary>The limit of <c>max_delete</c>: <c>N%</c> or a plain number.</summary>
internal readonly record struct DeleteLimit(long Value, bool IsPercent)
{
    /// <summary>Half a tree does not go by intention in one minute.</summary>
    public static DeleteLimit Default => new(50, IsPercent: true);

    public override string ToString() => IsPercent ? $"{Value}%" : $"{Value}";
}
