namespace MemSnoop.Exporter.Configuration;

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
        new("stat", "CPU time, page faults, threads, start time"),
        new("statm", "virtual, resident, shared, text and data memory"),
        new("process-io", "characters, system calls and storage bytes"),
        new("scheduling", "context switches and block I/O delay"),
        new("open-files", "number of open files"),
        // Walks all page tables of the target under its mmap lock: seconds for a process of 100 GB.
        new("smaps", "proportional memory and swap; stalls big processes", EnabledByDefault: false),
        new("disk-io", "operations and bytes of each disk"),
        new("working-set", "memory in use, and how long the rest was idle", IsWindow: true),
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
