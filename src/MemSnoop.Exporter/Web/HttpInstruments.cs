using System.Diagnostics.Metrics;
using MemSnoop.Metrics.Instruments;

namespace MemSnoop.Exporter.Web;

/// <summary>The endpoint: who is connected, and what was turned away.</summary>
internal static class HttpInstruments
{
    internal static void Create(InstrumentScope scope, ConnectionTable table, RefusalCounts refusals)
    {
        scope.Gauge("memsnoop.http.connections", "{connection}", "Connections to the endpoint.", () => One(table.Count));
        scope.Gauge("memsnoop.http.connections.limit", "{connection}", "Most connections that the endpoint keeps.", () => One(table.Limit));
        scope.Counter("memsnoop.http.refused", "{refusal}", "Connections and requests that were turned away or broken off, by reason.", () => Refused(refusals));
    }

    private static IEnumerable<Measurement<long>> One(long value)
    {
        yield return new Measurement<long>(value);
    }

    private static IEnumerable<Measurement<long>> Refused(RefusalCounts refusals)
    {
        for (int i = 0; i < RefusalCounts.Words.Length; i++)
        {
            yield return new Measurement<long>(refusals.Of((Refusal)i), new KeyValuePair<string, object?>("reason", RefusalCounts.Words[i]));
        }
    }
}
