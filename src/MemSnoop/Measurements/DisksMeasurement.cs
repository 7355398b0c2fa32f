using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Measurements;

/// <summary>The disks of the machine, as a measurement that can stand beside those of a process.</summary>
/// <param name="paths">Where the kernel files are.</param>
/// <param name="isWanted">Which devices are reported, by name. Default value: all.</param>
public sealed class DisksMeasurement(KernelPaths paths, Predicate<string>? isWanted = null) : IMeasurement<IReadOnlyList<DiskSample>>
{
    private readonly DiskIoMeasurement _disks = new(paths, isWanted ?? (static _ => true));

    /// <inheritdoc/>
    public string Name => MeasurementNames.DiskIo;

    /// <inheritdoc/>
    public ReadOutcome Measure(TrackedProcess process, out IReadOnlyList<DiskSample> sample)
    {
        // A list of its own: samples are kept beyond the next one.
        List<DiskSample> disks = [];
        sample = disks;
        return _disks.Measure(disks);
    }
}
