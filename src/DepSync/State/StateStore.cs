using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using DepSync.Model;
using DepSync.Platform;

namespace DepSync.State;

/// <summary>
/// This machine's memory of one manager directory, its targets and the logins to them: <c>managers/HASH/manager.json</c>, <c>targets/HASH.json</c> and <c>logins/HASH.json</c> beside it,
/// in the state folder.
/// Reading never creates anything; saving creates the folders. A damaged file counts as absent and is told by <see cref="Warnings"/>; losing the state costs a first contact.
/// Threads: different targets and logins may be loaded and saved at the same time.
/// </summary>
internal sealed class StateStore
{
    /// <summary>Thousands of times what a file holds; more is not ours.</summary>
    private const int LongestFile = 4 << 20;

    private readonly string _folder;
    private readonly SharedManifests _manifests = new();
    private readonly Lock _warningsLock = new();
    private readonly List<string> _warnings = [];

    private StateStore(string folder) => _folder = folder;

    /// <summary>What was healed so far, as sentences.</summary>
    public IReadOnlyList<string> Warnings
    {
        get
        {
            lock (_warningsLock)
            {
                return [.. _warnings];
            }
        }
    }

    /// <summary>The folder of this manager directory, for what else is remembered of it. It may not exist yet.</summary>
    public string Folder => _folder;

    /// <param name="stateDir">The state folder; need not exist.</param>
    /// <param name="managerDir">The manager directory's real path.</param>
    public static StateStore Open(string stateDir, string managerDir) => new(Path.Combine(stateDir, "managers", Hash(managerDir)));

    /// <summary>Null when there is none, or when it was damaged.</summary>
    /// <exception cref="DepSyncException">LocalFiles: it is there and cannot be read, or a newer version wrote it.</exception>
    public ManagerState? LoadManager() => Load(ManagerFile, StateJson.Default.ManagerState, s => s.Schema, ManagerState.CurrentSchema);

    /// <exception cref="DepSyncException">LocalFiles: it cannot be written; the old state is as it was.</exception>
    public void SaveManager(ManagerState state) => Save(ManagerFile, state, StateJson.Default.ManagerState);

    /// <inheritdoc cref="LoadManager"/>
    public TargetState? LoadTarget(string key) => Load(TargetFile(key), StateJson.Default.TargetState, s => s.Schema, TargetState.CurrentSchema);

    /// <inheritdoc cref="SaveManager"/>
    public void SaveTarget(string key, TargetState state) => Save(TargetFile(key), state, StateJson.Default.TargetState);

    /// <inheritdoc cref="LoadManager"/>
    public LoginState? LoadLogin(string key) => Load(LoginFile(key), StateJson.Default.LoginState, s => s.Schema, LoginState.CurrentSchema);

    /// <inheritdoc cref="SaveManager"/>
    public void SaveLogin(LoginState state) => Save(LoginFile(state.Login), state, StateJson.Default.LoginState);

    /// <summary>Null when there is none that is whole.</summary>
    public ManifestCopy? LoadManifest(string key) => ManifestCopy.Read(ManifestFile(key)) is { } copy ? copy with { Shared = _manifests } : null;

    /// <summary>A copy that cannot be written is only missing: the next run reads the worker's.</summary>
    public void SaveManifest(string key, ManifestCopy copy)
    {
        try
        {
            PrivateFolder.Prepare(Path.GetDirectoryName(ManifestFile(key))!);
            copy.Write(ManifestFile(key));
        }
        catch (DepSyncException)
        {
        }
    }

    private string ManifestFile(string key) => Path.ChangeExtension(TargetFile(key), ".manifest");

    private string ManagerFile => Path.Combine(_folder, "manager.json");

    private string TargetFile(string key) => Path.Combine(_folder, "targets", Hash(key) + ".json");

    private string LoginFile(string key) => Path.Combine(_folder, "logins", Hash(key) + ".json");

    private T? Load<T>(string path, JsonTypeInfo<T> type, Func<T, int> schemaOf, int schema)
        where T : class
    {
        if (Read(path) is not { } bytes)
        {
            return null;
        }
        T? state = null;
        var reason = "it is longer than any that DepSync wrote";
        try
        {
            state = bytes.Length < LongestFile ? JsonSerializer.Deserialize(bytes, type) : null;
        }
        catch (JsonException e)
        {
            reason = e.Message;
        }
        if (state is null || schemaOf(state) < 1)
        {
            lock (_warningsLock)
            {
                _warnings.Add($"{path} is damaged and counts as absent: {reason}");
            }
            return null;
        }
        return schemaOf(state) <= schema
            ? state
            : throw new DepSyncException(ErrorKind.LocalFiles, $"{path} was written by a newer version of DepSync", "use that version, or another --state-dir");
    }

    private static byte[]? Read(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            var bytes = new byte[Math.Min(RandomAccess.GetLength(file), LongestFile)];
            var length = RandomAccess.Read(file, bytes, 0);
            return bytes[..length];
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DepSyncException(ErrorKind.LocalFiles, $"{path} cannot be read: {e.Message}", "check its rights, or choose another --state-dir", e);
        }
    }

    private static void Save<T>(string path, T state, JsonTypeInfo<T> type)
    {
        PrivateFolder.Prepare(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(state, type));
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];
}
