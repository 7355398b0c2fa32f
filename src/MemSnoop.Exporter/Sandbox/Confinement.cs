using MemSnoop.Kernel;
using MemSnoop.Metrics.Descriptors;

namespace MemSnoop.Exporter.Sandbox;

/// <summary>What became of the rights that the program was started with.</summary>
/// <param name="Before">The capabilities that it was started with.</param>
/// <param name="Kept">Those that it has.</param>
/// <param name="Calls">The system calls of measurements that it may make.</param>
/// <param name="IsFiltered">Whether there is a filter of system calls.</param>
/// <param name="Problems">Which walls could not be put up, and why.</param>
internal sealed record Confinement(Capabilities Before, Capabilities Kept, IReadOnlySet<string> Calls, bool IsFiltered, IReadOnlyList<string> Problems)
{
    /// <summary>The same in words, for the log.</summary>
    internal string Describe()
    {
        string[] names = [.. Enum.GetValues<Capability>().Where(capability => (Kept.Mask & (1UL << (int)capability)) != 0).Select(static capability => capability.ToWord())];
        return $"keeps {(names.Length == 0 ? "no capability" : string.Join(", ", names))}; no new privileges; {(IsFiltered ? "system calls are filtered" : "any system call")}";
    }

    /// <summary>
    /// Refuses a configuration that needs what was given up: nothing brings it back but a restart. What the program never had does not count, since a restart would not help.
    /// </summary>
    /// <param name="needed">What the new configuration needs.</param>
    /// <returns>What it needs and why that cannot be, for a message; null if it needs nothing of the kind.</returns>
    internal string? WhyRestart(NeededRights needed)
    {
        if (needed.FirstGivenUp(Before, Kept) is { } right)
        {
            return $"{right.For} needs a restart: {right.Capability.ToWord()} was given up at the start";
        }

        return IsFiltered && needed.Calls.FirstOrDefault(call => !Calls.Contains(call)) is { } filtered
            ? $"the system call {filtered} needs a restart: it is forbidden since the start"
            : null;
    }
}
