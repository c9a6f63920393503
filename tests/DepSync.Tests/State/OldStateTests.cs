using DepSync.State;
using DepSync.Tests.Support;

namespace DepSync.Tests.State;

public sealed class OldStateTests
{
    [Fact]
    public void A_target_state_without_the_fields_that_came_later_is_loaded()
    {
        using var temp = new TempTree();
        var store = StateStore.Open(temp.Path, "/m");
        store.SaveTarget("k", TargetState.Create("k") with { Number = 12, CanonicalPath = "/x" });
        var file = Assert.Single(Directory.GetFiles(temp.Path, "*.json", SearchOption.AllDirectories));
        Assert.Equal("/x", store.LoadTarget("k")!.CanonicalPath);
        File.WriteAllText(file, """{ "schema": 1, "target": "k", "number": 12, "known": true }""");
        Assert.Equal(TargetState.Create("k") with { Number = 12, Known = true }, store.LoadTarget("k"));
        Assert.Empty(store.Warnings);
    }

    /// <summary>Refused logins were counted by target once; what a target's state still says of them is left behind, and a login begins a new row.</summary>
    [Fact]
    public void A_target_state_that_counts_refused_logins_is_loaded_without_them()
    {
        using var temp = new TempTree();
        var store = StateStore.Open(temp.Path, "/m");
        store.SaveTarget("k", TargetState.Create("k"));
        var file = Assert.Single(Directory.GetFiles(temp.Path, "*.json", SearchOption.AllDirectories));
        File.WriteAllText(file, """{ "schema": 1, "target": "k", "number": 12, "refused_logins": { "count": 3, "last": "2026-01-01T00:00:00+00:00", "with": "a" } }""");
        Assert.Equal(TargetState.Create("k") with { Number = 12 }, store.LoadTarget("k"));
        Assert.Null(store.LoadLogin("k"));
        Assert.Empty(store.Warnings);
    }

    [Fact]
    public void A_login_is_kept_apart_from_the_targets_and_other_logins()
    {
        using var temp = new TempTree();
        var store = StateStore.Open(temp.Path, "/m");
        var login = new LoginState { Schema = LoginState.CurrentSchema, Login = "k", Refused = new RefusedLogins(3, DateTimeOffset.UnixEpoch, "a") };
        store.SaveLogin(login);
        Assert.Equal(login, store.LoadLogin("k"));
        Assert.Null(store.LoadLogin("l"));
        Assert.Null(store.LoadTarget("k"));
    }
}
