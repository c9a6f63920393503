namespace DepSync.Tests.Support;

/// <summary>The tests' own tools are right: what the end-to-end tests conclude rests on them.</summary>
public sealed class RandomTreeTests
{
    [NeedsTheory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_same_seed_makes_and_changes_equal_trees(int seed)
    {
        using var left = new TempTree();
        using var right = new TempTree();
        foreach (var tree in new[] { left, right })
        {
            new RandomTree(seed).Fill(tree, 60).Mutate(tree, 40);
        }
        Assert.Contains('f', TreeText.Read(left.Path));
        TreeText.AssertMirrored(left.Path, right.Path);
    }

    [NeedsFact]
    public void A_tree_as_text_tells_every_fact_that_a_mirror_brings_over()
    {
        using var tree = new TempTree();
        tree.Write([0xFF, (byte)'\n'], "x"u8).SetMode([0xFF, (byte)'\n'], 0x1A0).SetModified([0xFF, (byte)'\n'], 12, 5);
        tree.MakeSymlink("l"u8, "a b"u8).SetModified("l"u8, 13).Write(".depsync/manifest"u8, ""u8).SetModified(""u8, 14).SetMode(""u8, 0x1ED);
        Assert.Equal(
            "d 755 14  ./\n" +
            "l 777 13  ./l -> a\\x20b\n" +
            "f 640 12 1 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 ./\\xff\\x0a",
            TreeText.Read(tree.Path));
    }

    [NeedsFact]
    public void A_change_of_one_byte_or_one_mode_bit_is_a_difference()
    {
        using var left = new TempTree();
        using var right = new TempTree();
        foreach (var tree in new[] { left, right })
        {
            tree.Write("a", "one").SetModified("a"u8, 1).SetModified(""u8, 1);
        }
        TreeText.AssertMirrored(left.Path, right.Path);
        right.Write("a", "onf").SetModified("a"u8, 1);
        Assert.NotEqual(TreeText.Read(left.Path), TreeText.Read(right.Path));
        right.Write("a", "one").SetModified("a"u8, 1).SetMode("a"u8, 0x1A5);
        Assert.NotEqual(TreeText.Read(left.Path), TreeText.Read(right.Path));
    }
}
