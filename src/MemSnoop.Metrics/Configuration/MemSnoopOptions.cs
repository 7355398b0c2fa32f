using MemSnoop.Measurements;

namespace MemSnoop.Metrics.Configuration;

/// <summary>What is measured and how, one section per feature.</summary>
internal class MemSnoopOptions
{
    /// <summary>The section of the file, and the prefix of the environment variables.</summary>
    public const string Section = "MemSnoop";

    public ProcessesOptions Processes { get; } = new();

    public ReadingsOptions Readings { get; } = new();

    public CountersOptions Counters { get; } = new();

    public DisksOptions Disks { get; } = new();

    public WorkingSetOptions WorkingSet { get; } = new();

    public KernelOptions Kernel { get; } = new();

    /// <summary>Whether events are counted: who names some wants them, and need not say so twice.</summary>
    public bool AreCountersEnabled => Readings.Measurements[CounterMeasurement.MeasurementName].Enabled ?? Counters.Events.Count > 0;
}
