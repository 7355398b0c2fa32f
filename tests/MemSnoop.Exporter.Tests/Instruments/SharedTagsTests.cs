using System.Diagnostics.Metrics;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace MemSnoop.Exporter.Tests.Instruments;

public sealed class SharedTagsTests
{
    private static readonly int Pid = Environment.ProcessId;

    [Fact]
    public void A_measurement_has_the_attributes_of_its_process_in_order_and_allocates_nothing()
    {
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), new HandleBudget(10), Pid, out TrackedProcess? tracked));
        using TrackedProcess process = tracked!;
        WatchedProcess host = new(process, ProcessLabels.None);
        using ContainerNaming naming = new([], TimeProvider.System, NullLogger.Instance);
        WatchedProcess contained = new(process, new ProcessLabels(naming, withUnit: true));
        SharedTags<long> tags = new();
        string comm = process.Comm;

        Assert.Equal([("comm", comm), ("pid", Pid)], TagsOf(tags.Measure(1, host, null, null)));
        Assert.Equal([("comm", comm), ("kind", "anon"), ("pid", Pid)], TagsOf(tags.Measure(2, host, "kind", "anon")));
        Assert.Equal(
            [
                ("age", "8"), ("comm", comm), ("container", ""), ("container_id", ""), ("namespace", ""), ("pid", Pid), ("pod", ""), ("unit", ""),
            ],
            TagsOf(tags.Measure(3, contained, "age", "8")));
        Assert.Equal([("comm", comm), ("pid", Pid), ("scope", "all")], TagsOf(tags.Measure(4, host, "scope", "all")));

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            tags.Measure(i, host, "kind", "file");
            tags.Measure(i, contained, "kind", "file");
            tags.Measure(i, host, null, null);
        }

        // Not so if the field has another name in this version of .NET: then SharedTags has to follow.
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static (string, object?)[] TagsOf(in Measurement<long> measurement) => [.. measurement.Tags.ToArray().Select(static tag => (tag.Key, tag.Value))];
}
