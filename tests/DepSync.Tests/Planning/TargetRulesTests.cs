using DepSync.Planning;

namespace DepSync.Tests.Planning;

public sealed class TargetRulesTests
{
    [Theory]
    [InlineData("/", "/home/wso2", "the root of the file system")]
    [InlineData("//", null, "the root of the file system")]
    [InlineData("/home/wso2", "/home/wso2", "the login directory itself")]
    [InlineData("/home/wso2/", "/home/wso2", "the login directory itself")]
    [InlineData("/root", "/root", "the login directory itself")]
    [InlineData("/srv", "/home/wso2", "a folder right below the root")]
    [InlineData(@"C:\", null, "the root of the file system")]
    [InlineData(@"C:\deploy", null, "a folder right below the root")]
    public void A_place_that_nobody_deploys_to_is_refused(string path, string? login, string what)
    {
        var refusal = TargetRules.Check(new TargetCase { Worker = "node-1", CanonicalPath = path, LoginDirectory = login });
        Assert.Contains($", {what}:", refusal?.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/home/wso2/server", "/home/wso2")]
    [InlineData("/home/wso2x", "/home/wso2")]
    [InlineData("/srv/wso2", "/srv")]
    [InlineData(@"C:\wso2\server", null)]
    [InlineData(@"\\nas\deploy", null)]
    public void A_deployment_folder_is_accepted(string path, string? login) =>
        Assert.Null(TargetRules.Check(new TargetCase { Worker = "node-1", CanonicalPath = path, LoginDirectory = login }));

    [Theory]
    [InlineData("/srv/manager", "is the manager directory itself")]
    [InlineData("/srv/manager/webapps/copy", "lies inside the manager directory")]
    [InlineData("/srv/manager/../manager", "lies inside the manager directory")]
    public void A_target_in_the_manager_directory_is_refused(string path, string what) => Assert.Contains(what, Check(path)?.Message, StringComparison.Ordinal);

    [Fact]
    public void A_target_above_the_manager_directory_is_refused() =>
        Assert.Contains("lies inside the target", Check("/srv/all", "/srv/all/manager")?.Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("/srv/manager", "/srv/manager/x", true)]
    [InlineData("/srv/manager/x/y", "/srv/manager", true)]
    [InlineData("/srv/manager", "/srv/manager", false)]
    [InlineData("/srv/manager2", "/srv/manager", false)]
    [InlineData("/srv/x", "/opt/srv/x", false)]
    public void Only_paths_inside_each_other_are_nested(string path, string other, bool nested) => Assert.Equal(nested, TargetRules.AreNested(path, other));

    [Theory]
    [InlineData("/srv/worker")]
    [InlineData("/srv/manager2")]
    [InlineData("/srv/man/ager")]
    public void A_target_beside_the_manager_directory_is_accepted(string path) => Assert.Null(Check(path));

    [Theory]
    [InlineData(new ulong[] { 10, 2, 1 }, true, "is the manager directory itself")]
    [InlineData(new ulong[] { 77, 10, 2, 1 }, true, "lies inside the manager directory")]
    [InlineData(new ulong[] { 10, 2, 1 }, false, "lies inside the manager directory")]
    [InlineData(new ulong[] { 2, 1 }, true, "lies inside the target")]
    [InlineData(new ulong[] { 2, 1 }, false, null)]
    [InlineData(new ulong[] { 77, 3, 1 }, true, null)]
    public void Another_name_of_the_same_place_does_not_hide_it(ulong[] inodes, bool exists, string? what)
    {
        var refusal = TargetRules.Check(new TargetCase
        {
            Worker = "nfs",
            CanonicalPath = "/mnt/bind/target",
            Local = new LocalTarget
            {
                ManagerPath = "/srv/manager",
                ManagerChain = [(5, 10), (5, 2), (5, 1)],
                TargetChain = [.. inodes.Select(inode => (5ul, inode))],
                Exists = exists,
            },
        });
        Assert.Equal(what is not null, refusal is not null);
        Assert.Contains(what ?? "", refusal?.Message ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, false, false, "was pushed to before and is missing now")]
    [InlineData(true, false, false, "was pushed to before and is empty now")]
    [InlineData(true, true, false, null)]
    [InlineData(true, false, true, null)]
    public void A_known_local_target_without_anything_in_it_is_refused(bool exists, bool hasFolder, bool hasFiles, string? what)
    {
        var target = new LocalTarget { ManagerPath = "/srv/manager", Exists = exists, HasDepSyncFolder = hasFolder, HasFiles = hasFiles, KnownInState = true };
        var refusal = TargetRules.Check(Case(target));
        Assert.Contains(what ?? "", refusal?.Message ?? "", StringComparison.Ordinal);
        Assert.Equal(what is null ? null : "If it is a new one, run once with --first-contact 'my nfs'", refusal?.Hint);
        Assert.Null(TargetRules.Check(Case(target with { FirstContact = true })));
        Assert.Null(TargetRules.Check(Case(target with { KnownInState = false })));
    }

    private static Refusal? Check(string path, string manager = "/srv/manager") =>
        TargetRules.Check(new TargetCase { Worker = "nfs", CanonicalPath = path, Local = new LocalTarget { ManagerPath = manager, Exists = true, HasFiles = true } });

    private static TargetCase Case(LocalTarget local) => new() { Worker = "my nfs", CanonicalPath = "/mnt/nfs/server", Local = local };
}
