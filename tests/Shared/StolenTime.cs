using System.Globalization;

namespace MemSnoop.Testing;

/// <summary>
/// Time in which somebody had a processor and did not run on it: the host of a virtual machine had taken it away (steal), or an interrupt
/// was served. The clock of a task goes on in it (<c>perf_event_open(2)</c>, PERF_COUNT_SW_TASK_CLOCK), its processor time does not.
/// Source: <c>proc_stat(5)</c>.
/// </summary>
internal sealed class StolenTime
{
    private const double NanosecondsOfTick = 1e9 / 100;   // USER_HZ of every architecture in use
    private readonly long _before = ReadTicks();

    /// <summary>How much it was on all processors since this was made, at most: the file counts whole ticks.</summary>
    public double MostNanoseconds => (ReadTicks() - _before + 1) * NanosecondsOfTick;

    /// <summary>Holds what a task's clock says against its processor time: 2 %, and what was stolen.</summary>
    public void AssertClock(double processorTime, double clock) =>
        Assert.InRange(clock, processorTime * 0.98, (processorTime * 1.02) + MostNanoseconds);

    // cpu  user nice system idle iowait irq softirq steal guest guest_nice
    private static long ReadTicks() =>
        File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[6..9].Sum(static ticks => long.Parse(ticks, CultureInfo.InvariantCulture));
}
