using DepSync.Config;
using DepSync.Model;
using DepSync.Release;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>What it costs on a long line to bring a push of many files to disk: round trips of the whole connection, commands and all.</summary>
public sealed class FlushFlightTests
{
    /// <summary>
    /// See if the worker hashes, while folders are made: two behind those. Flush what is staged, with a command that is begun meanwhile: two, because a few files are staged before it waits. Flush what the commit
    /// touched. <c>.depsync/</c>, which is opened while the records are renamed.
    /// </summary>
    private const int Flushing = 6;

    private static readonly TimeSpan LongestQuiet = TimeSpan.FromMilliseconds(400);

    [SshdFact]
    public async Task First_push_of_many_files_takes_few_round_trips_more_than_without_bringing_it_to_disk()
    {
        using var server = ShellAccount.Start(ShellAccount.Honest);
        for (var quiet = TimeSpan.FromMilliseconds(25); ; quiet *= 4)
        {
            var without = await CountAsync(server, quiet, durable: false);
            var with = await CountAsync(server, quiet, durable: true);
            if (with - without <= Flushing)
            {
                return;
            }
            Assert.True(quiet < LongestQuiet, $"{with} and {without} round trips");
        }
    }

    private static async Task<int> CountAsync(SshdServer server, TimeSpan quiet, bool durable)
    {
        using var run = new ReleaseFixture();
        for (var i = 0; i < Stager.ItemsForOneFlush; i++)
        {
            run.Manager.Write($"folder{i % 7}/file{i}", $"content of {i}");
        }
        run.Manager.SetModified(""u8, 1_700_000_000);
        using var proxy = new FlightProxy(server.Port, quiet);
        var commands = ShellAccount.Commands(server).Count;
        var result = await run.SyncAsync(run.Config with
        {
            Durable = durable,
            Ssh = SshRun.Settings(server) with { HostKey = HostKeyMode.Insecure },
            Workers = [SshRun.Worker(server, run.Worker.Path) with { Port = proxy.Port }],
        });
        Assert.Equal((WorkerStatus.Synced, null), (result.Status, result.Error));
        run.AssertEqualTrees();
        Assert.Equal(durable ? 3 : 0, ShellAccount.Commands(server).Count - commands);
        return proxy.Flights;
    }
}
