using MemSnoop.Measurements;

namespace MemSnoop.Metrics.Configuration;

/// <summary>A measurement as a user names it.</summary>
/// <param name="Name">The name in <c>--collector.NAME</c> and under <c>Readings:Measurements</c>.</param>
/// <param name="Help">What it tells, for <c>--help</c>.</param>
/// <param name="EnabledByDefault">False for what is too costly to do unasked.</param>
/// <param name="IsWindow">True when the background sampler keeps its time, so that it has no reading interval.</param>
internal sealed record MeasurementEntry(string Name, string Help, bool EnabledByDefault = true, bool IsWindow = false);

/// <summary>The measurements that can be switched on and off.</summary>
internal static class MeasurementCatalogue
{
    public static IReadOnlyList<MeasurementEntry> All { get; } =
    [
        new(StatMeasurement.MeasurementName, "CPU time, page faults, threads, start time"),
        new(StatmMeasurement.MeasurementName, "virtual, resident, shared, text and data memory"),
        new(ProcessIoMeasurement.MeasurementName, "characters, system calls and storage bytes"),
        new(SchedulingMeasurement.MeasurementName, "context switches and block I/O delay"),
        new(OpenFilesMeasurement.MeasurementName, "number of open files"),
        // Walks all page tables of the target under its mmap lock: seconds for a process of 100 GB.
        new(SmapsMeasurement.MeasurementName, "proportional memory and swap; stalls big processes", EnabledByDefault: false),
        new(CounterMeasurement.MeasurementName, "events of processor and kernel; on when --event names some", EnabledByDefault: false),
        new(DiskIoMeasurement.MeasurementName, "operations and bytes of each disk"),
        new(WorkingSetMeasurement.MeasurementName, "memory in use, and how long the rest was idle", IsWindow: true),
    ];

    public static MeasurementEntry? Find(string name)
    {
        foreach (MeasurementEntry entry in All)
        {
            if (entry.Name == name)
            {
                return entry;
            }
        }

        return null;
    }
}
