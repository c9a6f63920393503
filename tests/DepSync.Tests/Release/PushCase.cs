using DepSync.Release;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>
/// What the manager holds at one push and what it holds at the next one: the second is the one that something happens to. A changed file's old content begins with <c>old</c> and is
/// its own, so that what was kept can be told by it. Links lead to <c>../outside</c>, where nothing may ever change.
/// </summary>
internal sealed record PushCase(string Name, Action<TempTree> Before, Action<TempTree> After)
{
    private static readonly string Large = "old large " + Letters(1, 263_000);
    private static readonly string Copied = "kept " + Letters(3, 70_000);

    /// <summary>Large files alone: one that changed in part, one that moved and one that was copied. Only a worker that hashes its files puts them together from what it has.</summary>
    public static PushCase Deltas { get; } = new(
        "differences of large files",
        tree => tree.Write("a/large", Large).Write("a/from", "old from " + Letters(2, 70_000)).Write("b/copied", Copied),
        tree => tree.Rename("a/from"u8, "a/to"u8).Write("a/large", Large.Insert(130_000, "more")).Write("c/copy", Copied))
    {
        HasShell = true,
        Copies = 4,
    };

    /// <summary>As many new files as are flushed at once, by a worker that does that, and one that it has already.</summary>
    public static PushCase Many { get; } = new(
        "many new files",
        tree => tree.Write("update", "old update").Write("from", Copied),
        tree =>
        {
            tree.Write("update", "new update").Rename("from"u8, "to"u8);
            for (var i = 0; i < Stager.ItemsForOneFlush; i++)
            {
                tree.Write($"new/{i}", "");
            }
        })
    {
        HasShell = true,
        Copies = 1,
    };

    /// <summary>Whether the worker's account runs commands.</summary>
    public bool HasShell { get; private init; }

    /// <summary>How many pieces of what the worker has it copies, when nothing goes wrong.</summary>
    public int Copies { get; private init; }

    /// <summary>A row here is cut off at every packet.</summary>
    public static IReadOnlyList<PushCase> Rows { get; } =
    [
        new("create, update and delete files", tree => tree.Write("a/update", "old update").Write("a/keep", "kept").Write("a/delete", "old delete").Write("a/filled", ""),
            tree => tree.Delete("a/delete"u8).Write("a/update", "new update").Write("a/filled", "filled").Write("a/new", "new").Write("a/large", new string('n', 40_000))),
        new("file, folder and link become each other", tree => tree.Write("f2d", "old f2d").Write("f2l", "old f2l").Write("d2f/x", "old d2f x").Write("d2l/sub/x", "old d2l x")
                .MakeSymlink("l2f"u8, "../outside/file"u8).MakeSymlink("l2d"u8, "../outside"u8),
            tree => tree.Delete("f2d"u8).Delete("f2l"u8).Delete("d2f"u8).Delete("d2l"u8).Delete("l2f"u8).Delete("l2d"u8).Write("f2d/new", "new f2d").MakeSymlink("f2l"u8, "../outside/file"u8)
                .Write("d2f", "new d2f").MakeSymlink("d2l"u8, "../outside"u8).Write("l2f", "new l2f").Write("l2d/new", "new l2d")),
        new("folders come and go", tree => tree.Write("gone/two/three", "old gone three").MakeDirectory("empty"u8).Write("ro/delete", "old ro delete").Write("ro/sub/x", "old ro sub")
                .SetMode("ro/sub"u8, 0b101_101_101).SetMode("ro"u8, 0b101_101_101),
            tree => tree.SetMode("ro"u8, 0b111_101_101).SetMode("ro/sub"u8, 0b111_101_101).Delete("gone"u8).Delete("empty"u8).Delete("ro/delete"u8).Delete("ro/sub"u8)
                .Write("made/deep/file", "new made").MakeDirectory("made/empty"u8).Write("ro/new", "new ro new").SetMode("made/deep"u8, 0b101_101_101).SetMode("ro"u8, 0b101_101_101)),
        new("links", tree => tree.MakeSymlink("changed"u8, "../outside/file"u8).MakeSymlink("gone"u8, "../outside"u8).MakeSymlink("kept"u8, "../outside"u8),
            tree => tree.Delete("changed"u8).Delete("gone"u8).MakeSymlink("changed"u8, "../outside"u8).MakeSymlink("made/new"u8, "../../outside"u8)),
        new("attributes", tree => tree.Write("a/mode", "mode").Write("a/time", "time").MakeDirectory("d"u8).MakeSymlink("link"u8, "../outside/file"u8),
            tree => tree.SetMode("a/mode"u8, 0b110_000_000).SetMode("d"u8, 0b111_000_000)),
        Deltas,
    ];

    /// <summary>A little of each, for what is too much with all of it.</summary>
    public static PushCase Small { get; } = new(
        "small",
        tree => tree.Write("update", "old update").Write("delete", "old delete").Write("f2l", "old f2l"),
        tree => tree.Delete("delete"u8).Delete("f2l"u8).Write("update", "new update").MakeSymlink("f2l"u8, "../outside/file"u8));

    /// <summary>All of it at once, and more.</summary>
    public static PushCase Everything { get; } = new(
        "everything",
        tree => tree.Write("a/update", "old update").Write("a/keep", "kept").Write("a/delete", "old delete").Write("a/f2d", "old f2d").Write("a/f2l", "old f2l").Write("a/d2f/x", "old d2f x")
            .Write("a/d2f/sub/y", "old d2f y").Write("a/d2l/x", "old d2l x").MakeSymlink("a/l2f"u8, "old-l2f"u8).MakeSymlink("a/l2d"u8, "old-l2d"u8).MakeSymlink("a/link"u8, "old-link"u8)
            .Write("a/mode", "mode").Write("a/time", "time").Write("a/filled", "").Write("gone/two/three", "old gone three").Write("ro/file", "old ro file")
            .Write("ro/delete", "old ro delete").Write("ro/sub/x", "old ro sub").Write("top", "old top").SetMode("ro/sub"u8, 0b101_101_101).SetMode("ro"u8, 0b101_101_101),
        tree => tree.SetMode("ro"u8, 0b111_101_101).SetMode("ro/sub"u8, 0b111_101_101).Delete("a/delete"u8).Delete("a/f2d"u8).Delete("a/f2l"u8).Delete("a/d2f"u8).Delete("a/d2l"u8)
            .Delete("a/l2f"u8).Delete("a/l2d"u8).Delete("a/link"u8).Delete("gone"u8).Delete("ro/delete"u8).Delete("ro/sub"u8)
            .Write("a/update", new string('n', 150)).Write("a/f2d/new", "new f2d").Write("a/f2d/deep/er", "new f2d deep").MakeSymlink("a/f2l"u8, "new-f2l"u8).Write("a/d2f", "new d2f")
            .MakeSymlink("a/d2l"u8, "new-d2l"u8).Write("a/l2f", "new l2f").MakeDirectory("a/l2d"u8).MakeSymlink("a/link"u8, "new-link"u8).SetMode("a/mode"u8, 0b110_000_000)
            .Write("a/filled", "filled").Write("ro/file", "new ro file").Write("ro/new", "new ro new").Write("top", "new top").Write("made/deep/file", "new made").Write("made/empty", "")
            .MakeSymlink("made/deep/link"u8, "file"u8).SetMode("made/deep"u8, 0b101_101_101).SetMode("ro"u8, 0b101_101_101));

    public static PushCase Named(string name) => Rows.Append(Small).Append(Everything).Append(Many).Single(row => row.Name == name);

    private static string Letters(int seed, int count) => new([.. new Random(seed).GetItems("abcdefghijklmnopqrstuvwxyz".AsSpan(), count)]);
}
