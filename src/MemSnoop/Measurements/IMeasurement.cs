using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Measurements;

/// <summary>
/// One thing a user can ask about a process by name. It reads a kernel file and turns what the kernel counts (pages,
/// ticks, KiB) into bytes and seconds, here and nowhere else. Used by one thread at a time.
/// </summary>
/// <typeparam name="TSample">What one reading yields.</typeparam>
public interface IMeasurement<TSample>
{
    /// <summary>The name in options, metrics and reports; a class has it as a constant, <c>MeasurementName</c>.</summary>
    string Name { get; }

    /// <summary>Called once before the first reading, for what has to begin before it can be read, like a window.</summary>
    ReadOutcome Prepare(TrackedProcess process) => ReadOutcome.Success;

    /// <summary>Takes one reading; the sample means something only on success.</summary>
    ReadOutcome Measure(TrackedProcess process, out TSample sample);

    /// <summary>Called after all watched processes were measured, so that what is kept of others can be forgotten.</summary>
    void EndRound()
    {
    }
}
