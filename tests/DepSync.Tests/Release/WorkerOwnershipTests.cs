using DepSync.Release;

namespace DepSync.Tests.Release;

public sealed class WorkerOwnershipTests
{
    [Theory]
    [InlineData(null, 0, "Unowned")]
    [InlineData("me", 3, "Ours")]
    [InlineData("me", 2, "Ours")]
    [InlineData("me", 4, "NewerEpoch")]
    [InlineData("other", 1, "Foreign")]
    [InlineData("other", 3, "Foreign")]
    [InlineData("other", 4, "NewerEpoch")]
    [InlineData("before", 2, "Superseded")]
    [InlineData("before", 3, "Foreign")]
    [InlineData("before", 4, "NewerEpoch")]
    public void Owner_record_decides_who_may_push(string? manager, long epoch, string expected)
    {
        var me = new ManagerIdentity("me", 3, ["before"], "host", "user", "/dir");
        Assert.Equal(expected, WorkerOwnership.Decide(manager is not null, manager is null ? null : Record(manager, epoch), me).ToString());
    }

    [Fact]
    public void Damaged_owner_record_is_nobodys() =>
        Assert.Equal(Ownership.Damaged, WorkerOwnership.Decide(true, null, new ManagerIdentity("me", 1, [], "h", "u", "/d")));

    [Fact]
    public void Owner_record_survives_its_file()
    {
        var record = Record("me", 7);
        Assert.Equivalent(record, OwnerRecord.TryParse(record.ToBytes()));
        Assert.Contains("\"manager_dir\":\"/dir\"", System.Text.Encoding.UTF8.GetString(record.ToBytes()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("""{"schema":2,"manager":"m","host":"h","user":"u","manager_dir":"/","epoch":1,"number":1,"generation":1,"run":"r","time":"2026-01-01T00:00:00Z"}""")]
    [InlineData("""{"schema":1,"manager":"m","host":"h","user":"u","manager_dir":"/","epoch":0,"number":1,"generation":1,"run":"r","time":"2026-01-01T00:00:00Z"}""")]
    [InlineData("""{"schema":1,"manager":null,"host":"h","user":"u","manager_dir":"/","epoch":1,"number":1,"generation":1,"run":"r","time":"2026-01-01T00:00:00Z"}""")]
    [InlineData("""{"schema":1,"manager":"m","host":"h","user":"u","manager_dir":"/","epoch":1,"number":9223372036854775807,"generation":1,"run":"r","time":"2026-01-01T00:00:00Z"}""")]
    public void Damaged_owner_file_is_no_record(string text) => Assert.Null(OwnerRecord.TryParse(System.Text.Encoding.UTF8.GetBytes(text)));

    private static OwnerRecord Record(string manager, long epoch) => new()
    {
        Manager = manager,
        Host = "host",
        User = "user",
        ManagerDir = "/dir",
        Epoch = epoch,
        Supersedes = ["x"],
        Number = 5,
        Generation = 4,
        Run = "r",
        Time = DateTimeOffset.UnixEpoch,
    };
}
