using System.Globalization;
using System.Security.Cryptography;

namespace DepSync.Cli;

/// <summary>The id of a run, which its log lines, JSON lines and the workers' owner files name: when it began (UTC), and six random digits.</summary>
internal static class RunId
{
    public static string Create(TimeProvider clock) =>
        string.Create(CultureInfo.InvariantCulture, $"{clock.GetUtcNow():yyyyMMdd'T'HHmmss'Z'}-{RandomNumberGenerator.GetHexString(6, lowercase: true)}");
}
