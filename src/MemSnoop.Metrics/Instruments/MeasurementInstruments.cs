using System.Diagnostics.Metrics;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Metrics.Instruments;

/// <summary>The measuring itself: what works and how, what it costs, what is missing and why.</summary>
internal static class MeasurementInstruments
{
    internal static void Create(InstrumentScope scope, MeasurementLedger ledger, WatchList watchList, IEnumerable<MeasurementState> states)
    {
        scope.Gauge("memsnoop.measurement.duration", "s", "How long the last reading or pass over all watched processes took.", () => Each<double>(ledger, static account => double.IsNaN(account.Seconds) ? null : account.Seconds));
        scope.Gauge("memsnoop.measurement.cpu", "s", "CPU time the last reading or pass over all watched processes took, in the kernel and outside.", () => Each<double>(ledger, static account => double.IsNaN(account.CpuSeconds) ? null : account.CpuSeconds));
        scope.Gauge("memsnoop.measurement.success", "1", "1 when the last reading or pass succeeded, else 0.", () => Each<long>(ledger, static account => account.Succeeded is { } succeeded ? (succeeded ? 1 : 0) : null));
        scope.Counter("memsnoop.measurement.missed", "{tick}", "Passes left out because the one before them had not ended.", () => Each<long>(ledger, static account => account.MissedTicks));
        scope.Counter("memsnoop.measurement.errors", "{error}", "Readings of processes that failed.", () => Reasons(ledger, static account => account.Errors.ToArray()));
        scope.Counter(
            "memsnoop.measurement.skipped", "{process}", "Times a process was passed over, by reason; under discovery, processes that were not taken in.",
            () => Reasons(ledger, static account => account.Skipped.ToArray()).Concat(
                watchList.Skipped.ToArray().Select(static count => WithReason("discovery", count))));
        scope.Gauge("memsnoop.measurement.info", "1", "Which measurements are on, by what method, and why others are not.", () => states.Select(Info));
    }

    private static IEnumerable<Measurement<T>> Each<T>(MeasurementLedger ledger, Func<MeasurementAccount, T?> select)
        where T : struct =>
        from account in ledger.Accounts
        let value = @select(account)
        where value is not null
        select new Measurement<T>(value.Value, new KeyValuePair<string, object?>("measurement", account.Measurement));

    private static IEnumerable<Measurement<long>> Reasons(MeasurementLedger ledger, Func<MeasurementAccount, KeyValuePair<string, long>[]> select) =>
        from account in ledger.Accounts
        from count in @select(account)
        select WithReason(account.Measurement, count);

    private static Measurement<long> WithReason(string measurement, KeyValuePair<string, long> count) =>
        new(count.Value, new KeyValuePair<string, object?>("measurement", measurement), new KeyValuePair<string, object?>("reason", count.Key));

    private static Measurement<long> Info(MeasurementState state) => new(
        1,
        new KeyValuePair<string, object?>("measurement", state.Measurement),
        new KeyValuePair<string, object?>("method", state.Method),
        new KeyValuePair<string, object?>("reason", state.Reason),
        new KeyValuePair<string, object?>("state", state.State));
}
