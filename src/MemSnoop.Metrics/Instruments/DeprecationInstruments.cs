using System.Diagnostics.Metrics;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Metrics.Instruments;

/// <summary>What a later version will not know any more, so that a fleet can be asked before it is upgraded.</summary>
internal static class DeprecationInstruments
{
    internal static void Create(InstrumentScope scope, IReadOnlyList<DeprecatedUse> settings, IReadOnlyList<DeprecatedUse> series) =>
        scope.Gauge(
            "memsnoop.deprecated.info", "1", "Deprecated names: those that the configuration uses, and those under which series are still published.", () => Each(settings.Concat(series)));

    private static IEnumerable<Measurement<long>> Each(IEnumerable<DeprecatedUse> uses)
    {
        foreach (DeprecatedUse use in uses)
        {
            yield return new Measurement<long>(1, new KeyValuePair<string, object?>("name", use.Name));
        }
    }
}
