namespace MemSnoop.Counters.PerfEvents;

/// <summary>An event in the kernel's terms.</summary>
/// <param name="Type">What kind it is: PERF_TYPE_SOFTWARE or PERF_TYPE_HARDWARE.</param>
/// <param name="Config">Which one of its kind.</param>
internal readonly record struct PerfEvent(uint Type, ulong Config);
