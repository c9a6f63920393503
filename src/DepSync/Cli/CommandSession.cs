using DepSync.Config;
using DepSync.Model;
using DepSync.Reporting;
using DepSync.Workers;

namespace DepSync.Cli;

/// <summary>What a verb works with, once its settings are resolved.</summary>
internal sealed record CommandSession
{
    public required RunConfig Config { get; init; }

    public required OutputOptions Output { get; init; }

    public required TimeProvider Clock { get; init; }

    public required Screen Screen { get; init; }

    public required Confirmation Confirmation { get; init; }

    /// <summary>Cancelled by the first signal.</summary>
    public required CancellationToken Stop { get; init; }

    /// <summary>Null without a terminal: then an unknown host key is refused.</summary>
    public HostKeyPrompt? HostKeyPrompt => Confirmation.CanAsk ? AskHostKeyAsync : null;

    /// <summary>Refuses, before anything is contacted, a verb that needs a yes which nobody can give.</summary>
    /// <exception cref="DepSyncException">Usage.</exception>
    public void RequireConsent(Consent consent, bool isDryRun)
    {
        if (consent == Consent.Asked && !isDryRun && !Confirmation.CanAsk)
        {
            throw new DepSyncException(ErrorKind.Usage, "there is no terminal to ask on", "give --yes, or -n to look only");
        }
    }

    private Task<bool> AskHostKeyAsync(HostKeyOwner owner, HostKey key, CancellationToken cancellationToken) =>
        Confirmation.AskAsync(
            $"""
            The host key of {DisplayText.Escape(owner.Place)} (worker {DisplayText.Escape(owner.Worker)}) is not known:
              {DisplayText.Escape(key.Type)} {key.Fingerprint}
            Compare it with what ssh-keygen -lf shows on the worker. {(Config.DryRun ? "Connect? (A dry run does not record it.)" : "Record it and connect?")}
            """.ReplaceLineEndings("\n"),
            cancellationToken);
}
