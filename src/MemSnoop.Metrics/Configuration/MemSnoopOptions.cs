using MemSnoop.Measurements;

namespace MemSnoop.Metrics.Configuration;

/// <summary>What is measured and how, one section for each feature.</summary>
/// <remarks>
/// The same sections, with the same keys, are in the configuration file of the program <c>memsnoop</c>. There times and sizes are text such as <c>30s</c> and <c>4GiB</c>.
/// </remarks>
public class MemSnoopOptions
{
    /// <summary>The usual name of the section in a configuration file: <c>MemSnoop</c>.</summary>
    public const string Section = "MemSnoop";

    /// <summary>Which processes are watched. Default value: the process itself.</summary>
    public ProcessesOptions Processes { get; } = new();

    /// <summary>Where the names of containers come from.</summary>
    public ContainersOptions Containers { get; } = new();

    /// <summary>Groups of processes that have series of their own. Default value: none.</summary>
    public GroupsOptions Groups { get; } = new();

    /// <summary>How many series there are.</summary>
    public SeriesOptions Series { get; } = new();

    /// <summary>What is read from the kernel, and how often.</summary>
    public ReadingsOptions Readings { get; } = new();

    /// <summary>Which events of processor and kernel are counted. Default value: none.</summary>
    public CountersOptions Counters { get; } = new();

    /// <summary>Which block devices are reported.</summary>
    public DisksOptions Disks { get; } = new();

    /// <summary>Which control groups are reported by the age of their generations.</summary>
    public GenerationsOptions Generations { get; } = new();

    /// <summary>How working sets are estimated.</summary>
    public WorkingSetOptions WorkingSet { get; } = new();

    /// <summary>Where the kernel's file systems are mounted.</summary>
    public KernelOptions Kernel { get; } = new();

    /// <summary>Names in the configuration that a later version will not know.</summary>
    internal List<DeprecatedUse> Deprecated { get; } = [];

    /// <summary>Whether it is told what describes a process: naming a label is enough to switch the measurement on.</summary>
    internal bool IsInfoEnabled => Readings.Measurements.GetValueOrDefault(InfoMeasurement.MeasurementName)?.Enabled ?? Series.InfoLabels.Count > 0;

    /// <summary>Whether events are counted: naming events is enough to switch the measurement on.</summary>
    internal bool AreCountersEnabled => Readings.Measurements.GetValueOrDefault(CounterMeasurement.MeasurementName)?.Enabled ?? Counters.Events.Count > 0;
}
