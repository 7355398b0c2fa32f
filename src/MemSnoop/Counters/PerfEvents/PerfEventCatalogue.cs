using static MemSnoop.Counters.PerfEvents.PerfEventNative;

namespace MemSnoop.Counters.PerfEvents;

/// <summary>
/// The events that the kernel knows by a number of its own: software events, which it counts itself, and the hardware
/// events that it translates for each processor. Source: <c>perf_event_open(2)</c>, <c>perf-list(1)</c>.
/// </summary>
internal static class PerfEventCatalogue
{
    internal static IReadOnlyList<Entry> Entries { get; } =
    [
        Software(PERF_COUNT_SW_TASK_CLOCK, "PERF_COUNT_SW_TASK_CLOCK", "nanoseconds of processor time used", "task-clock"),
        Software(PERF_COUNT_SW_CPU_CLOCK, "PERF_COUNT_SW_CPU_CLOCK", "nanoseconds of processor time used, by a clock of high resolution", "cpu-clock"),
        Software(PERF_COUNT_SW_PAGE_FAULTS, "PERF_COUNT_SW_PAGE_FAULTS", "page faults", "page-faults", "faults"),
        Software(PERF_COUNT_SW_PAGE_FAULTS_MIN, "PERF_COUNT_SW_PAGE_FAULTS_MIN", "page faults that were served without a disk", "minor-faults"),
        Software(PERF_COUNT_SW_PAGE_FAULTS_MAJ, "PERF_COUNT_SW_PAGE_FAULTS_MAJ", "page faults that had to wait for a disk", "major-faults"),
        Software(PERF_COUNT_SW_CONTEXT_SWITCHES, "PERF_COUNT_SW_CONTEXT_SWITCHES", "context switches, voluntary or not", "context-switches", "cs"),
        Software(PERF_COUNT_SW_CPU_MIGRATIONS, "PERF_COUNT_SW_CPU_MIGRATIONS", "moves to another processor", "cpu-migrations", "migrations"),
        Software(PERF_COUNT_SW_ALIGNMENT_FAULTS, "PERF_COUNT_SW_ALIGNMENT_FAULTS", "unaligned accesses that the kernel completed; always 0 on x86", "alignment-faults"),
        Software(PERF_COUNT_SW_EMULATION_FAULTS, "PERF_COUNT_SW_EMULATION_FAULTS", "instructions that the kernel emulated; always 0 on x86", "emulation-faults"),

        Hardware(PERF_COUNT_HW_CPU_CYCLES, "PERF_COUNT_HW_CPU_CYCLES", "processor cycles, at the current frequency", "cycles", "cpu-cycles"),
        Hardware(PERF_COUNT_HW_REF_CPU_CYCLES, "PERF_COUNT_HW_REF_CPU_CYCLES", "processor cycles at a constant frequency", "ref-cycles"),
        Hardware(PERF_COUNT_HW_INSTRUCTIONS, "PERF_COUNT_HW_INSTRUCTIONS", "instructions retired", "instructions"),
        Hardware(PERF_COUNT_HW_CACHE_REFERENCES, "PERF_COUNT_HW_CACHE_REFERENCES", "accesses to the cache, usually to the last level", "cache-references"),
        Hardware(PERF_COUNT_HW_CACHE_MISSES, "PERF_COUNT_HW_CACHE_MISSES", "cache misses, usually of the last level", "cache-misses"),
        Hardware(PERF_COUNT_HW_BRANCH_INSTRUCTIONS, "PERF_COUNT_HW_BRANCH_INSTRUCTIONS", "branches retired", "branches", "branch-instructions"),
        Hardware(PERF_COUNT_HW_BRANCH_MISSES, "PERF_COUNT_HW_BRANCH_MISSES", "mispredicted branches", "branch-misses"),
        Hardware(PERF_COUNT_HW_BUS_CYCLES, "PERF_COUNT_HW_BUS_CYCLES", "bus cycles", "bus-cycles"),
        Hardware(PERF_COUNT_HW_STALLED_CYCLES_FRONTEND, "PERF_COUNT_HW_STALLED_CYCLES_FRONTEND", "cycles in which no instruction was issued", "stalled-cycles-frontend", "idle-cycles-frontend"),
        Hardware(PERF_COUNT_HW_STALLED_CYCLES_BACKEND, "PERF_COUNT_HW_STALLED_CYCLES_BACKEND", "cycles in which no instruction was retired", "stalled-cycles-backend", "idle-cycles-backend"),
    ];

    private static Entry Software(ulong config, string constant, string description, params string[] names) =>
        new(new PerfEvent(PERF_TYPE_SOFTWARE, config), description, names[0], Aliases(constant, names));

    private static Entry Hardware(ulong config, string constant, string description, params string[] names) =>
        new(new PerfEvent(PERF_TYPE_HARDWARE, config), description, names[0], Aliases(constant, names));

    /// <summary>In addition to the names of perf(1), those of libpfm and PAPI: <c>perf::PAGE-FAULTS</c>, <c>perf::PERF_COUNT_SW_PAGE_FAULTS</c>.</summary>
    private static string[] Aliases(string constant, string[] names) =>
        [.. names[1..], constant, .. names.Append(constant).Select(static name => $"perf::{name.ToUpperInvariant()}")];

    /// <summary>An event with the names by which people know it.</summary>
    internal sealed record Entry(PerfEvent Event, string Description, string Name, IReadOnlyList<string> Aliases);
}

/// <summary>An event in the kernel's terms.</summary>
/// <param name="Type">What kind it is: PERF_TYPE_SOFTWARE or PERF_TYPE_HARDWARE.</param>
/// <param name="Config">Which one of its kind.</param>
internal readonly record struct PerfEvent(uint Type, ulong Config);
