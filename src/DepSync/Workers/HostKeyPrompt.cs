namespace DepSync.Workers;

/// <summary>Asks a person whether an unknown host key is to be trusted. Called for one worker at a time.</summary>
internal delegate Task<bool> HostKeyPrompt(HostKeyOwner owner, HostKey key, CancellationToken cancellationToken);
