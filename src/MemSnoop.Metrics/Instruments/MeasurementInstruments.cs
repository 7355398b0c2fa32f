using System.Diagnostics.Metrics;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Metrics.Instruments;

/// <summary>The measurements themselves: what works and how, what it costs, what is missing and why.</summary>
internal static class MeasurementInstruments
{
    internal static void Create(InstrumentScope scope, IReadOnlyList<SampledMeasurement> measurements, WatchList watchList)
    {
        scope.Gauge("memsnoop.measurement.duration", "s", "How long the last reading or pass over all watched processes took.", () => Each<double>(measurements, static measurement => Known(measurement.Cost.Seconds)));
        scope.Gauge("memsnoop.measurement.cpu", "s", "CPU time of the last reading or pass over all watched processes, in the kernel and in user space.", () => Each<double>(measurements, static measurement => Known(measurement.Cost.CpuSeconds)));
        scope.Gauge("memsnoop.measurement.success", "1", "1 when the last reading or pass succeeded, else 0; absent before there is one, and for windows before the first has ended.", () => Each<long>(measurements, static measurement => measurement.Succeeded is { } succeeded ? (succeeded ? 1 : 0) : null));
        scope.Counter("memsnoop.measurement.missed", "{tick}", "Passes left out because the pass before had not ended, or has not yet.", () => Each<long>(measurements, static measurement => measurement.IsOn ? measurement.MissedPasses : null));
        scope.Gauge("memsnoop.measurement.pass_started", "s", "Since when a pass is under way, in seconds since the Unix epoch; absent if none is.", () => Each<double>(measurements, static measurement => measurement.PassStarted));
        scope.Counter("memsnoop.measurement.errors", "{error}", "Readings of a process that failed, by reason.", () => Reasons(measurements, static measurement => measurement.Errors.ToArray()));
        scope.Counter(
            "memsnoop.measurement.skipped", "{process}", "Times a process was skipped or its window was disturbed, by reason; with measurement=discovery, processes that were found and not watched.",
            () => Reasons(measurements, static measurement => measurement.ShownSkips).Concat(
                watchList.Skipped.ToArray().Select(static count => WithReason("discovery", count))));
        scope.Gauge("memsnoop.measurement.info", "1", "Which measurements are on, with which method, and why others are not.", () => Info(measurements));
    }

    private static IEnumerable<Measurement<T>> Each<T>(IReadOnlyList<SampledMeasurement> measurements, Func<SampledMeasurement, T?> select)
        where T : struct =>
        from measurement in measurements
        let value = @select(measurement)
        where value is not null
        select new Measurement<T>(value.Value, new KeyValuePair<string, object?>("measurement", measurement.Name));

    private static double? Known(double seconds) => double.IsNaN(seconds) ? null : seconds;

    private static IEnumerable<Measurement<long>> Reasons(IReadOnlyList<SampledMeasurement> measurements, Func<SampledMeasurement, IEnumerable<KeyValuePair<string, long>>> select) =>
        from measurement in measurements
        from count in @select(measurement)
        select WithReason(measurement.Name, count);

    private static Measurement<long> WithReason(string measurement, KeyValuePair<string, long> count) =>
        new(count.Value, new KeyValuePair<string, object?>("measurement", measurement), new KeyValuePair<string, object?>("reason", count.Key));

    private static IEnumerable<Measurement<long>> Info(IReadOnlyList<SampledMeasurement> measurements) =>
        from measurement in measurements
        from method in measurement.Methods
        select new Measurement<long>(
            1,
            new KeyValuePair<string, object?>("measurement", measurement.Name),
            new KeyValuePair<string, object?>("method", method.Method),
            new KeyValuePair<string, object?>("reason", method.Reason),
            new KeyValuePair<string, object?>("state", method.State));
}
