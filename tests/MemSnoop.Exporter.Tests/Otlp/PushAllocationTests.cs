using MemSnoop.Metrics.Configuration;
using System.Diagnostics.Metrics;
using MemSnoop.Exporter.Collector;
using MemSnoop.Exporter.Otlp;
using MemSnoop.Exporter.Tests.Collector;

namespace MemSnoop.Exporter.Tests.Otlp;

/// <summary>What a push costs in garbage on our side of the SDK.</summary>
public class PushAllocationTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_has_not_changed_is_taken_in_without_allocating_for_each_series(bool isDelta)
    {
        const int Series = 5_000;
        const int Rounds = 10;
        using Meter meter = new("allocations");
        Measurement<long>[] measurements =
        [
            .. Enumerable.Range(1, Series).Select(static pid => new Measurement<long>(pid, new KeyValuePair<string, object?>("comm", "x"), new KeyValuePair<string, object?>("pid", pid))),
        ];
        using CollectedInstrument instrument = CollectedInstrument.Create(meter.CreateObservableCounter("total", () => measurements), new TestSource(), new StateLog())!;
        using PushStream pushed = PushStream.Create(instrument, isDelta, began: 0, owner: this);
        Push(3);
        long least = Enumerable.Range(0, Rounds).Min(_ =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Push(1);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });

        // Not a byte for each; the runtime counts in steps of some kilobytes, and may need some of its own in one round or another.
        Assert.InRange(least / (double)Series, 0, 1);

        void Push(int rounds)
        {
            for (int i = 0; i < rounds; i++)
            {
                instrument.Direct(pushed);
                Assert.True(instrument.TryRun());
                Assert.True(pushed.IsComplete);
                pushed.Prepare();
                pushed.Settle(received: true);
            }
        }
    }
}
