using MemSnoop.Exporter.Collector;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>
/// Which families an answer has, and in which order. It depends on the instruments alone, so it is made when there are more of them and not
/// per scrape.
/// </summary>
internal sealed class ExpositionPlan
{
    private readonly int[] _openMetrics;

    /// <summary>Makes a plan.</summary>
    /// <param name="instruments">What there is to publish. No two of them may claim one name, which a test sees to.</param>
    /// <param name="previous">The plan so far, whose families stay.</param>
    /// <param name="options">What families have beside their instruments.</param>
    /// <param name="blocks">What their samples are written to.</param>
    public ExpositionPlan(CollectedInstrument[] instruments, ExpositionPlan? previous, PrometheusOptions options, BlockPool blocks)
    {
        Dictionary<CollectedInstrument, MetricFamily> known = previous is null ? [] : previous.Families.ToDictionary(static family => family.Source);
        Instruments = instruments;
        Families = [.. instruments
            .Select(instrument => known.GetValueOrDefault(instrument) ?? new MetricFamily(instrument, options, blocks))
            .OrderBy(static family => family.Name.Sample, StringComparer.Ordinal)];
        _openMetrics = [.. Enumerable.Range(0, Families.Length).OrderBy(at => Families[at].Name.Family, StringComparer.Ordinal)];
        Measurements = instruments.Select(static instrument => instrument.Measurement).OfType<string>().ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The instruments that it was made for.</summary>
    public CollectedInstrument[] Instruments { get; }

    /// <summary>The families, in the order in which they are observed: that of the text format and of protobuf, by the name of their samples.</summary>
    public MetricFamily[] Families { get; }

    /// <summary>The names that <c>collect[]</c> and <c>exclude[]</c> know.</summary>
    public IReadOnlySet<string> Measurements { get; }

    /// <summary>The order of a format, as positions in <see cref="Families"/>. OpenMetrics 1 sorts by the name of the family.</summary>
    public IEnumerable<int> Order(ExpositionSyntax syntax) => syntax == ExpositionSyntax.OpenMetrics ? _openMetrics : Enumerable.Range(0, Families.Length);
}
