namespace MemSnoop.Metrics.Descriptors;

/// <summary>All measurements, in the order in which they are listed. A new one is added by a line here.</summary>
internal static class MeasurementCatalogue
{
    internal static IReadOnlyList<MeasurementDescriptor> All { get; } =
    [
        new TimestampDescriptor(),
        new UptimeDescriptor(),
        new StatDescriptor(),
        new StatmDescriptor(),
        new ProcessIoDescriptor(),
        new SchedulingDescriptor(),
        new OpenFilesDescriptor(),
        new SmapsDescriptor(),
        new OomDescriptor(),
        new InfoDescriptor(),
        new CountersDescriptor(),
        new DiskIoDescriptor(),
        new GenerationsDescriptor(),
        new WorkingSetDescriptor(),
        new ContainerMemoryDescriptor(),
        new ReaccessedDescriptor(),
        new ContainerCgroupDescriptor(),
        new ActivePagesDescriptor(),
    ];

    /// <summary>Those with instruments, which options switch on and off.</summary>
    internal static IReadOnlyList<PublishedMeasurementDescriptor> Published { get; } = [.. All.OfType<PublishedMeasurementDescriptor>()];

    /// <summary>Those that a trace can write as columns.</summary>
    internal static IReadOnlyList<MeasurementDescriptor> Columns { get; } = [.. All.Where(static descriptor => descriptor.IsColumn)];
}
