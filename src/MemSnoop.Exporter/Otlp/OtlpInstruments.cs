using System.Diagnostics.Metrics;
using MemSnoop.Metrics.Instruments;

namespace MemSnoop.Exporter.Otlp;

/// <summary>Pushing by OTLP: whether it works, and what it costs.</summary>
internal static class OtlpInstruments
{
    internal static void Create(InstrumentScope scope, PushLedger ledger)
    {
        scope.Counter("memsnoop.otlp.exports", "{export}", "Pushes, by whether all of it reached the receiver.", () => Exports(ledger.Totals));
        scope.Counter("memsnoop.otlp.points", "{point}", "Points that were to be pushed, by what became of them.", () => Points(ledger.Totals));
        scope.Counter("memsnoop.otlp.missed", "{tick}", "Pushes left out because the one before them had not ended.", () => One(true, ledger.Totals.Missed));
        scope.Gauge("memsnoop.otlp.duration", "s", "How long the last push took, observing and sending.", () => One(ledger.Totals.HasPushed, ledger.Totals.Duration.TotalSeconds));
    }

    private static IEnumerable<Measurement<long>> Exports(PushTotals totals)
    {
        yield return new(totals.Succeeded, new KeyValuePair<string, object?>("outcome", "success"));
        yield return new(totals.Failed, new KeyValuePair<string, object?>("outcome", "failure"));
    }

    private static IEnumerable<Measurement<long>> Points(PushTotals totals)
    {
        yield return new(totals.AcceptedPoints, new KeyValuePair<string, object?>("outcome", "accepted"));
        yield return new(totals.RejectedPoints, new KeyValuePair<string, object?>("outcome", "rejected"));
        yield return new(totals.FailedPoints, new KeyValuePair<string, object?>("outcome", "failed"));
    }

    private static IEnumerable<Measurement<T>> One<T>(bool isKnown, T value)
        where T : struct
    {
        if (isKnown)
        {
            yield return new Measurement<T>(value);
        }
    }
}
