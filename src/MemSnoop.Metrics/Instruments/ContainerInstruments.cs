using System.Diagnostics.Metrics;
using System.Globalization;
using MemSnoop.Metrics.Sampling;
using MemSnoop.WorkingSets;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Instruments;

/// <summary>What the processes of a container touch together: every page frame counts once, however many of them map it.</summary>
internal static class ContainerInstruments
{
    internal static void Create(InstrumentScope scope, WorkingSetWindows windows, IdleAges ages)
    {
        scope.Gauge("memsnoop.container.working_set", "By", "Resident memory of the container's processes that was accessed within the last window, shared pages once.", () => WorkingSets(windows));
        scope.Gauge("memsnoop.container.idle", "By", "Resident memory of the container's processes that was not accessed for at least the age in seconds, shared pages once.", () => Idle(windows, ages));
    }

    private static IEnumerable<Measurement<long>> WorkingSets(WorkingSetWindows windows) =>
        from container in windows.Groups()
        from kind in Enum.GetValues<PageKind>()
        select new Measurement<long>(
            Clamp(container.Value.Bytes(kind)),
            new KeyValuePair<string, object?>("container_id", container.Key),
            new KeyValuePair<string, object?>("kind", kind.ToWord()));

    private static IEnumerable<Measurement<long>> Idle(WorkingSetWindows windows, IdleAges ages) =>
        from container in windows.Groups()
        from band in Enumerable.Range(0, container.Value.KnownAges)
        select new Measurement<long>(
            Clamp(container.Value.Idle[band]),
            new KeyValuePair<string, object?>("age", ages[band].TotalSeconds.ToString(CultureInfo.InvariantCulture)),
            new KeyValuePair<string, object?>("container_id", container.Key));
}
