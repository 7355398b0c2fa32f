using System.Runtime.InteropServices;

namespace MemSnoop.Counters.PerfEvents;

/// <summary>
/// The system call perf_event_open, declarations only; names are those of <c>include/uapi/linux/perf_event.h</c>.
/// Source: <c>perf_event_open(2)</c>.
/// </summary>
internal static partial class PerfEventNative
{
    internal const uint PERF_TYPE_HARDWARE = 0;
    internal const uint PERF_TYPE_SOFTWARE = 1;

    internal const ulong PERF_COUNT_HW_CPU_CYCLES = 0;
    internal const ulong PERF_COUNT_HW_INSTRUCTIONS = 1;
    internal const ulong PERF_COUNT_HW_CACHE_REFERENCES = 2;
    internal const ulong PERF_COUNT_HW_CACHE_MISSES = 3;
    internal const ulong PERF_COUNT_HW_BRANCH_INSTRUCTIONS = 4;
    internal const ulong PERF_COUNT_HW_BRANCH_MISSES = 5;
    internal const ulong PERF_COUNT_HW_BUS_CYCLES = 6;
    internal const ulong PERF_COUNT_HW_STALLED_CYCLES_FRONTEND = 7;
    internal const ulong PERF_COUNT_HW_STALLED_CYCLES_BACKEND = 8;
    internal const ulong PERF_COUNT_HW_REF_CPU_CYCLES = 9;

    internal const ulong PERF_COUNT_SW_CPU_CLOCK = 0;
    internal const ulong PERF_COUNT_SW_TASK_CLOCK = 1;
    internal const ulong PERF_COUNT_SW_PAGE_FAULTS = 2;
    internal const ulong PERF_COUNT_SW_CONTEXT_SWITCHES = 3;
    internal const ulong PERF_COUNT_SW_CPU_MIGRATIONS = 4;
    internal const ulong PERF_COUNT_SW_PAGE_FAULTS_MIN = 5;
    internal const ulong PERF_COUNT_SW_PAGE_FAULTS_MAJ = 6;
    internal const ulong PERF_COUNT_SW_ALIGNMENT_FAULTS = 7;
    internal const ulong PERF_COUNT_SW_EMULATION_FAULTS = 8;

    internal const ulong PERF_FORMAT_TOTAL_TIME_ENABLED = 1 << 0;
    internal const ulong PERF_FORMAT_TOTAL_TIME_RUNNING = 1 << 1;

    internal const nuint PERF_FLAG_FD_CLOEXEC = 1 << 3;

    /// <summary>The bit-field members of struct perf_event_attr, from the lowest bit.</summary>
    [Flags]
    internal enum AttributeFlags : ulong
    {
        inherit = 1UL << 1,
        inherit_thread = 1UL << 35,
    }

    /// <summary>The number of the system call: the only one here that differs between architectures.</summary>
    internal static nint SystemCall { get; } = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 298 : 241;

    /// <summary>Opens an event of one thread, on whatever processor it runs; 0 is the calling thread.</summary>
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint perf_event_open(nint number, in perf_event_attr attributes, nint thread, nint cpu, nint group, nuint flags);

    /// <summary>
    /// struct perf_event_attr as of its first version (PERF_ATTR_SIZE_VER0), which every kernel accepts: of what came later
    /// only a flag is needed, and flags lie within it.
    /// </summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct perf_event_attr
    {
        internal uint type;
        internal uint size;
        internal ulong config;
        internal ulong sample_period;
        internal ulong sample_type;
        internal ulong read_format;
        internal AttributeFlags flags;
        internal uint wakeup_events;
        internal uint bp_type;
        internal ulong config1;
    }

    /// <summary>What read(2) returns for the two PERF_FORMAT bits above. Times are nanoseconds.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal readonly record struct read_format(ulong value, ulong time_enabled, ulong time_running);
}
