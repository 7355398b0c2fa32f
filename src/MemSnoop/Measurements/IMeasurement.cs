using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Measurements;

/// <summary>
/// A measurement of a process. It reads a kernel file and converts the kernel's units (pages, ticks, KiB) to bytes and seconds. No other code converts them.
/// Used by one thread at a time.
/// </summary>
/// <typeparam name="TSample">The sample of one reading.</typeparam>
public interface IMeasurement<TSample>
{
    /// <summary>The name in options, metrics and reports; a class has it as a constant, <c>MeasurementName</c>.</summary>
    string Name { get; }

    /// <summary>Called once before the first reading, for measurements that must begin before they can be read, such as a window.</summary>
    ReadOutcome Prepare(TrackedProcess process) => ReadOutcome.Success;

    /// <summary>Takes one reading; the sample is valid only on success.</summary>
    ReadOutcome Measure(TrackedProcess process, out TSample sample);

    /// <summary>Called after all watched processes were measured, to release what is kept of other processes.</summary>
    void EndRound()
    {
    }
}
