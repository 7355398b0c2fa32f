using System.Diagnostics.Metrics;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Metrics.Instruments;

/// <summary>Groups of processes: how many, what they hold, what they have used. The working sets of groups are among those of processes.</summary>
internal static class GroupInstruments
{
    internal static void Create(InstrumentScope scope, GroupSums sums, KernelUnits units)
    {
        scope.Gauge("memsnoop.group.processes", "{process}", "Number of processes of the group.", () => Each(sums, static group => group.Processes));
        scope.Gauge(
            "memsnoop.group.memory.resident", "By", "Physical memory that the processes of the group hold; a page that they share counts for each.",
            () => Each(sums, group => InstrumentScope.Clamp(units.Bytes(group.ResidentPages))));
        scope.Counter("memsnoop.group.cpu.time", "s", "CPU time of the processes of the group since they are watched, including ended ones.", () => CpuTime(sums, units));
    }

    private static IEnumerable<Measurement<long>> Each(GroupSums sums, Func<GroupSum, long> select)
    {
        // One array for the attributes of all: whoever observes reads them before it asks for the next measurement.
        var tags = new KeyValuePair<string, object?>[1];
        lock (sums.Gate)
        {
            foreach (GroupSum group in sums.Current())
            {
                tags[0] = new("group", group.Name);
                yield return SharedTags<long>.Measure(select(group), tags);
            }
        }
    }

    private static IEnumerable<Measurement<double>> CpuTime(GroupSums sums, KernelUnits units)
    {
        var tags = new KeyValuePair<string, object?>[2];
        lock (sums.Gate)
        {
            foreach (GroupSum group in sums.Current())
            {
                tags[0] = new("group", group.Name);
                tags[1] = new("mode", "user");
                yield return SharedTags<double>.Measure(units.Seconds(group.UserTicks), tags);
                tags[1] = new("mode", "system");
                yield return SharedTags<double>.Measure(units.Seconds(group.SystemTicks), tags);
            }
        }
    }
}
