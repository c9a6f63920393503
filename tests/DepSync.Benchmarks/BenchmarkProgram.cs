using System.Globalization;
using BenchmarkDotNet.Running;

namespace DepSync.Benchmarks;

/// <summary>The tools of <c>run.sh</c> (<c>tree</c>, <c>edit</c>, <c>proxy</c>); anything else goes to BenchmarkDotNet.</summary>
internal static class BenchmarkProgram
{
    public static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["tree", var folder, var kind, var amount]:
                BenchmarkTree.Make(folder, kind, Number(amount));
                return 0;
            case ["edit", var target, var kind, var seed]:
                BenchmarkTree.Edit(target, kind, Number(seed));
                return 0;
            case ["proxy", var listen, var forward, var delay]:
                await new DelayProxy(Number(forward), TimeSpan.FromMilliseconds(Number(delay))).RunAsync(Number(listen));
                return 0;
            default:
                BenchmarkSwitcher.FromAssembly(typeof(BenchmarkProgram).Assembly).Run(args);
                return 0;
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
