using System.Buffers.Text;
using DepSync.Model;

namespace DepSync.Workers;

/// <summary>Every name under a target's <c>.depsync/</c>. Pure.</summary>
internal static class WorkerLayout
{
    public const string FolderName = ".depsync";

    /// <summary>The mode of every folder of ours: nobody but the login.</summary>
    public const int FolderMode = 0b111_000_000;

    private const string RunPrefix = "run-";
    private const string FencedPrefix = "fenced-";
    private const string AdoptionPrefix = "adopt-";

    public static RelativePath Folder { get; } = RelativePath.Parse(FolderName);

    public static RelativePath Owner { get; } = Folder.Child("owner.json");

    public static RelativePath Manifest { get; } = Folder.Child("manifest");

    public static RelativePath Generations { get; } = Folder.Child("generations");

    public static RelativePath Run(long number) => Folder.Child($"{RunPrefix}{number}");

    public static RelativePath Fenced(long number) => Folder.Child($"{FencedPrefix}{number}");

    /// <summary>In the manager directory: the run folder of an adoption. A push to the same directory neither fences nor removes it.</summary>
    public static RelativePath Adoption(long number) => Folder.Child($"{AdoptionPrefix}{number}");

    public static RelativePath Generation(long number) => Generations.Child($"{number}");

    /// <summary>What a drift repair took out, below the generation that it repaired.</summary>
    public static RelativePath DriftRepair(long generation, long number) => Generation(generation).Child($"drift-{number}");

    /// <summary>In a run folder: who runs.</summary>
    public static RelativePath RunOwner(RelativePath run) => run.Child("owner");

    /// <summary>In a run folder: staged entries under short counter names, and the records that are about to be published.</summary>
    public static RelativePath New(RelativePath run) => run.Child("new");

    /// <summary>In a run folder: what the commit took out, under the counter names of the journal.</summary>
    public static RelativePath Old(RelativePath run) => run.Child("old");

    public static RelativePath Journal(RelativePath run) => run.Child("journal");

    /// <summary>In a run's <c>new/</c>: the owner record that is to be published, the run's first, second and so on.</summary>
    public static RelativePath StagedOwner(RelativePath run, int record) => New(run).Child($"owner-{record}.json");

    /// <summary>In a run's <c>new/</c>: the manifest that is to be published; where that was staged ahead and the push ended in another way, the run's second.</summary>
    public static RelativePath StagedManifest(RelativePath run, int record) => New(run).Child(record == 1 ? "manifest" : $"manifest-{record}");

    /// <summary>Beside a staged file: where what stood at a place goes, on a server that cannot replace it, before the staged file comes.</summary>
    public static RelativePath Displaced(RelativePath staged) => staged.Parent.Child([.. "was-"u8, .. staged.Name]);

    /// <summary>Whether a name in a run's <c>new/</c> is that of an owner record that stood in <c>owner.json</c>.</summary>
    public static bool IsDisplacedOwner(ReadOnlySpan<byte> name) => name.StartsWith("was-owner-"u8);

    /// <summary>The number of a <c>run-N</c> name; null for any other name.</summary>
    public static long? RunNumber(ReadOnlySpan<byte> name) => Number(name, "run-"u8);

    public static long? FencedNumber(ReadOnlySpan<byte> name) => Number(name, "fenced-"u8);

    public static long? AdoptionNumber(ReadOnlySpan<byte> name) => Number(name, "adopt-"u8);

    public static long? DriftNumber(ReadOnlySpan<byte> name) => Number(name, "drift-"u8);

    public static long? GenerationNumber(ReadOnlySpan<byte> name) => Number(name, []);

    /// <summary>The numbers of the folders among entries that bear one, ascending.</summary>
    public static List<long> Numbers(IEnumerable<WorkerEntry> entries, NumberOf numberOf) =>
        [.. entries.Where(entry => entry.Kind == EntryKind.Directory).Select(entry => numberOf(entry.Name)).OfType<long>().Order()];

    private static long? Number(ReadOnlySpan<byte> name, ReadOnlySpan<byte> prefix) =>
        name.StartsWith(prefix)
        && Utf8Parser.TryParse(name[prefix.Length..], out long number, out var consumed)
        && consumed == name.Length - prefix.Length
        && number is > 0 and < long.MaxValue / 2
            ? number
            : null;
}

/// <summary>The number in a name of one kind; null for any other name.</summary>
internal delegate long? NumberOf(ReadOnlySpan<byte> name);
