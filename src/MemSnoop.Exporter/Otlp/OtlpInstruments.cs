using System.Diagnostics.Metrics;
using MemSnoop.Metrics.Instruments;

namespace MemSnoop.Exporter.Otlp;

/// <summary>Pushing by OTLP: whether it works, and what it costs.</summary>
internal static class OtlpInstruments
{
    internal static void Create(InstrumentScope scope, PushLedger ledger)
    {
        scope.Counter("memsnoop.otlp.exports", "{export}", "Pushes, by outcome: a success reached the receiver as a whole.", () => Exports(ledger.Totals));
        scope.Counter("memsnoop.otlp.points", "{point}", "Points by outcome: accepted, rejected or failed.", () => Points(ledger.Totals));
        scope.Counter("memsnoop.otlp.missed", "{tick}", "Pushes left out because the push before had not ended.", () => One(true, ledger.Totals.Missed));
        scope.Gauge("memsnoop.otlp.duration", "s", "How long the last push took, with its collection and the sending.", () => One(ledger.Totals.HasPushed, ledger.Totals.Duration.TotalSeconds));
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
