using System.Diagnostics.Metrics;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Checks;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>Block devices: of the host, not of a process.</summary>
internal sealed class DiskIoDescriptor : PublishedMeasurementDescriptor
{
    internal override string Name => DiskIoMeasurement.MeasurementName;

    internal override string Help => "operations and bytes of each disk";

    internal override IReadOnlyList<KernelSource> Sources { get; } = [new("/proc/diskstats", KernelAccess.Read)];

    protected override string Method => "diskstats";

    private static DiskIoMeasurement Create(MeasuredHost host) => new(host.Paths, device => host.Options.Disks.IsWatched(device));

    protected override SampledMeasurement OnStart(SamplingContext context)
    {
        SampledMeasurement sampled = new(Name, MethodState.Works(Method));
        AddInstruments(context.Scope(sampled), new DiskReadings(Create(context.Host), context.Schedule(Name), sampled, context.Clock));
        return sampled;
    }

    private static void AddInstruments(InstrumentScope scope, DiskReadings disks)
    {
        scope.Counter("memsnoop.disk.io", "By", "Bytes transferred.", () => Directions(disks, static traffic => Clamp(traffic.Bytes)));
        scope.Counter("memsnoop.disk.operations", "{operation}", "Operations completed.", () => Directions(disks, static traffic => Clamp(traffic.Operations)));
        scope.Counter("memsnoop.disk.merged", "{operation}", "Operations merged into a neighbour before they were issued.", () => Directions(disks, static traffic => Clamp(traffic.Merged)));
        scope.Counter("memsnoop.disk.operation_time", "s", "Time the operations took, summed over all of them.", () => Directions(disks, static traffic => traffic.Seconds));
        scope.Counter("memsnoop.disk.io_time", "s", "Time during which at least one operation was in progress.", () => Devices(disks, static disk => disk.IoSeconds));
        scope.Counter("memsnoop.disk.weighted_io_time", "s", "Time in progress, multiplied by the number of operations in progress.", () => Devices(disks, static disk => disk.WeightedIoSeconds));
        scope.Gauge("memsnoop.disk.in_progress", "{operation}", "Operations issued and not yet complete.", () => Devices(disks, static disk => Clamp(disk.InProgress)));
    }

    private static IEnumerable<Measurement<T>> Devices<T>(DiskReadings disks, Func<DiskSample, T> select)
        where T : struct
    {
        foreach (DiskSample disk in disks.Current())
        {
            yield return new Measurement<T>(select(disk), new KeyValuePair<string, object?>("device", disk.Device));
        }
    }

    private static IEnumerable<Measurement<T>> Directions<T>(DiskReadings disks, Func<DiskTraffic, T> select)
        where T : struct
    {
        foreach (DiskSample disk in disks.Current())
        {
            yield return Direction("read", disk.Read);
            yield return Direction("write", disk.Write);
            if (disk.Discard is { } discard)
            {
                yield return Direction("discard", discard);
            }

            Measurement<T> Direction(string direction, in DiskTraffic traffic) =>
                new(select(traffic), new KeyValuePair<string, object?>("device", disk.Device), new KeyValuePair<string, object?>("direction", direction));
        }
    }

    internal override IEnumerable<HostFinding> Check(CheckContext context)
    {
        List<DiskSample> disks = [];
        ReadOutcome outcome = Create(context.Host).Measure(disks);
        yield return context.Find(Name, outcome, ReadOutcome.Success, disks.Count == 0 ? "no block devices" : string.Join(", ", disks.Select(static disk => disk.Device)));
    }

    /// <summary>Disks that are there now have fields; a comma-separated file cannot gain one on the way.</summary>
    internal override TraceOutputColumn OpenColumn(TraceContext context, string name)
    {
        List<DiskSample> disks = [];
        DiskIoMeasurement measurement = Create(context.Host);
        measurement.Measure(disks);
        return new TraceOutputColumn<IReadOnlyList<DiskSample>>(name, measurement, [.. disks.SelectMany(static disk => FieldsOf(disk.Device))]);
    }

    private static IEnumerable<TraceField<IReadOnlyList<DiskSample>>> FieldsOf(string device) =>
    [
        new($"{device}.read_bytes", now => Find(now, device)?.Read.Bytes),
        new($"{device}.written_bytes", now => Find(now, device)?.Write.Bytes),
        new($"{device}.reads", now => Find(now, device)?.Read.Operations),
        new($"{device}.writes", now => Find(now, device)?.Write.Operations),
        new($"{device}.io_seconds", now => Find(now, device)?.IoSeconds),
    ];

    private static DiskSample? Find(IReadOnlyList<DiskSample> disks, string device)
    {
        foreach (DiskSample disk in disks)
        {
            if (disk.Device == device)
            {
                return disk;
            }
        }

        return null;
    }
}
