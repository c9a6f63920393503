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
        store.SaveTarget("k", TargetState.Create("k") with { Number = 12, RefusedLogins = new RefusedLogins(3, DateTimeOffset.UnixEpoch, "a") });
        var file = Assert.Single(Directory.GetFiles(temp.Path, "*.json", SearchOption.AllDirectories));
        Assert.Equal(new RefusedLogins(3, DateTimeOffset.UnixEpoch, "a"), store.LoadTarget("k")!.RefusedLogins);
        File.WriteAllText(file, """{ "schema": 1, "target": "k", "number": 12, "known": true }""");
        Assert.Equal(TargetState.Create("k") with { Number = 12, Known = true }, store.LoadTarget("k"));
        Assert.Empty(store.Warnings);
    }
}
