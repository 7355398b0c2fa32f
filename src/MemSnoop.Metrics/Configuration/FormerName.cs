namespace MemSnoop.Metrics.Configuration;

/// <summary>
/// A name that a setting had in an earlier version. It goes on working for two minor versions, so that an upgrade does not stop a fleet: an unknown key would end the
/// program.
/// </summary>
/// <param name="Key">The former path below the root section; null if only an option was renamed.</param>
/// <param name="Option">The former option; null if only a key was renamed.</param>
/// <param name="Until">The version that does not know it any more.</param>
internal sealed record FormerName(string? Key, string? Option, string Until);
