namespace MemSnoop.Counters;

/// <summary>
/// What one event has counted for one process, all of its threads together, ended ones included, since counting began.
/// A later value of the same process is never less.
/// </summary>
/// <param name="Count">Occurrences, or the event's own unit. Extrapolated where <paramref name="RunningRatio"/> is below 1.</param>
/// <param name="RunningRatio">
/// The part of the time in which the threads ran that the event was really counted: below 1 where more events are wanted
/// than the processor has counters, so that the kernel lets them take turns (multiplexing). Null where the provider
/// extrapolates without saying how much.
/// </param>
public readonly record struct CounterValue(ulong Count, double? RunningRatio);
