using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Measurements;

/// <summary>Memory of a process that only a walk over its page tables can tell, in bytes.</summary>
/// <param name="ResidentBytes">Resident set size by the same walk.</param>
/// <param name="ProportionalBytes">Proportional set size: each page divided by the number of processes that map it.</param>
/// <param name="SwapBytes">Anonymous memory that is in swap.</param>
/// <param name="ProportionalSwapBytes">Memory in swap, each page divided by the number of its users.</param>
/// <param name="HugeBytes">Transparent huge pages (anonymous, shared memory and file, mapped whole) and hugetlb pages.</param>
public readonly record struct MappingSample(
    ulong ResidentBytes,
    ulong ProportionalBytes,
    ulong SwapBytes,
    ulong ProportionalSwapBytes,
    ulong HugeBytes);

/// <summary>
/// Reads <c>/proc/PID/smaps_rollup</c> (Linux 4.14). The walk holds the target's mmap lock: off by default.
/// </summary>
public sealed class SmapsMeasurement : IMeasurement<MappingSample>
{
    /// <summary>The measurement's name.</summary>
    public const string MeasurementName = "smaps";

    private const ulong KiB = 1024;
    private readonly KernelBuffer _buffer = new();

    /// <inheritdoc/>
    public string Name => MeasurementName;

    /// <inheritdoc/>
    public ReadOutcome Measure(TrackedProcess process, out MappingSample sample)
    {
        ArgumentNullException.ThrowIfNull(process);
        ReadOutcome outcome = process.ReadOnce("smaps_rollup"u8, _buffer, SmapsRollup.TryParse, out SmapsSums sums);
        sample = new MappingSample(
            sums.RssKib * KiB,
            sums.PssKib * KiB,
            sums.SwapKib * KiB,
            sums.SwapPssKib * KiB,
            (sums.AnonHugePagesKib + sums.ShmemPmdMappedKib + sums.FilePmdMappedKib + sums.SharedHugetlbKib + sums.PrivateHugetlbKib) * KiB);
        return outcome;
    }
}
