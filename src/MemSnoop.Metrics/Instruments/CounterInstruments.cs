using MemSnoop.Counters;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Measurements;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Instruments;

/// <summary>Events of processor and kernel, those that the user named.</summary>
internal static class CounterInstruments
{
    /// <summary>The instrument that has the counts.</summary>
    internal const string CounterName = "memsnoop.process.counter";

    /// <summary>The attribute that names the event.</summary>
    internal const string EventKey = "event";

    internal static void Create(InstrumentScope scope, IProcessSamples<CounterSample> counters, CounterPlan plan)
    {
        scope.Counter(
            counters, CounterName, "{event}", "Events of the process since counting began, all threads together, those that have ended included; extrapolated where running_ratio says so.",
            Series(plan, static value => (long?)Clamp(value.Count)));

        // Absent for what was counted all the time, as every event of the kernel's own is: a series that is always 1 says nothing. Absent too
        // where a provider extrapolates without saying how far; the info metric tells of both.
        scope.Gauge(
            counters, "memsnoop.process.counter.running_ratio", "1", "The part of the time in which an event was really counted because it had to share a counter; absent where it was counted all the time.",
            Series(plan, static value => value.RunningRatio < 1 ? value.RunningRatio : null));
    }

    private static ProcessSeries<CounterSample, TValue>[] Series<TValue>(CounterPlan plan, Func<CounterValue, TValue?> select)
        where TValue : struct
    {
        var series = new ProcessSeries<CounterSample, TValue>[plan.Counted.Count];
        for (int i = 0; i < series.Length; i++)
        {
            int place = i;
            series[i] = new(EventKey, plan.Counted[i].Name, (in s) => s[place] is { } value ? select(value) : null);
        }

        return series;
    }
}
