namespace MemSnoop.Tracing;

/// <summary>How often and how long a trace measures.</summary>
/// <param name="Period">The time between samples.</param>
/// <param name="Count">How many samples at most.</param>
/// <param name="Duration">How long at most.</param>
internal readonly record struct TracePlan(TimeSpan Period, int Count, TimeSpan Duration);
