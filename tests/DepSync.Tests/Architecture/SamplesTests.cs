using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Xml.Linq;

namespace DepSync.Tests.Architecture;

/// <summary>The samples are what they look like: a server that gets them would take them.</summary>
public sealed class SamplesTests
{
    private static readonly string Samples = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../../samples"));

    public static TheoryData<string> Archives => Files("*.car", "*.war", "*.aar");

    public static TheoryData<string> Documents => Files("*.xml", "*.dbs");

    [Theory, MemberData(nameof(Archives))]
    public void Archive_opens_and_holds_its_descriptor(string path)
    {
        using var archive = ZipFile.OpenRead(Path.Combine(Samples, path));
        var descriptor = Path.GetExtension(path) switch { ".car" => "artifacts.xml", ".war" => "WEB-INF/web.xml", _ => "META-INF/services.xml" };
        using var stream = archive.GetEntry(descriptor)!.Open();
        Assert.NotNull(XDocument.Load(stream).Root);
    }

    [Theory, MemberData(nameof(Documents))]
    public void Document_is_well_formed(string path) => Assert.NotNull(XDocument.Load(Path.Combine(Samples, path)).Root);

    private static TheoryData<string> Files(params string[] patterns) =>
        [.. patterns.SelectMany(p => Directory.EnumerateFiles(Path.Combine(Samples, "manager"), p, SearchOption.AllDirectories))
            .Concat(patterns.SelectMany(p => Directory.EnumerateFiles(Path.Combine(Samples, "windows"), p)))
            .Select(p => Path.GetRelativePath(Samples, p))
            .Order(StringComparer.Ordinal)];

    private static string Here([CallerFilePath] string path = "") => path;
}
