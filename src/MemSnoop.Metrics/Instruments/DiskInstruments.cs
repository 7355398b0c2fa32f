using System.Diagnostics.Metrics;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Measurements;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Instruments;

/// <summary>Block devices (diskstats).</summary>
internal static class DiskInstruments
{
    internal static void Create(InstrumentScope scope, DiskReadings disks)
    {
        scope.Counter("memsnoop.disk.io", "By", "Bytes moved.", () => Directions(disks, static traffic => Clamp(traffic.Bytes)));
        scope.Counter("memsnoop.disk.operations", "{operation}", "Operations completed.", () => Directions(disks, static traffic => Clamp(traffic.Operations)));
        scope.Counter("memsnoop.disk.merged", "{operation}", "Operations merged into a neighbour before they were issued.", () => Directions(disks, static traffic => Clamp(traffic.Merged)));
        scope.Counter("memsnoop.disk.operation_time", "s", "Time the operations took, summed over all of them.", () => Directions(disks, static traffic => traffic.Seconds));
        scope.Counter("memsnoop.disk.io_time", "s", "Time during which at least one operation was in progress.", () => Devices(disks, static disk => disk.IoSeconds));
        scope.Counter("memsnoop.disk.weighted_io_time", "s", "Time during which operations were in progress, times their number.", () => Devices(disks, static disk => disk.WeightedIoSeconds));
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
}
