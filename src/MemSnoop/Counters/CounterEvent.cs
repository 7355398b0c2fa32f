namespace MemSnoop.Counters;

/// <summary>An event that a provider can count, as it is known on this machine.</summary>
/// <param name="Name">The name in its usual spelling, like <c>task-clock</c>, <c>PAPI_TOT_INS</c> or <c>perf::PAGE-FAULTS</c>.</param>
/// <param name="Description">What one count is, in a line for people; what the unit is where a count is not an occurrence (nanoseconds, bytes).</param>
/// <param name="IsAvailable">Whether this machine's processor and kernel can count it.</param>
/// <param name="Aliases">Other spellings that mean the same; names are compared without regard to case.</param>
public sealed record CounterEvent(string Name, string Description, bool IsAvailable, params IReadOnlyList<string> Aliases);
