namespace MemSnoop.Exporter.Prometheus;

/// <summary>
/// Which families a text has, and in which order. It depends on the instruments alone, so it is made when they change and not per scrape.
/// </summary>
internal sealed class ExpositionPlan
{
    private readonly MetricFamily[] _text;
    private readonly MetricFamily[] _openMetrics;

    private ExpositionPlan(MetricFamily[] text, MetricFamily[] openMetrics)
    {
        _text = text;
        _openMetrics = openMetrics;
        MetricFamily[] published = [.. text.Union(openMetrics)];
        List<InstrumentReader> readers = [];
        foreach (MetricFamily family in published)
        {
            family.FirstReader = readers.Count;
            readers.AddRange(family.Readers);
        }

        Readers = [.. readers];
        SharedFamilies = [.. published.Where(family => family.Readers.Length > 1)];
        Collectors = readers.Select(reader => reader.Collector).OfType<string>().ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The readers of every family that some format shows, in the order in which they are run.</summary>
    public InstrumentReader[] Readers { get; }

    /// <summary>Families of more than one instrument, in which a series can come twice.</summary>
    public MetricFamily[] SharedFamilies { get; }

    /// <summary>The names that <c>collect[]</c> and <c>exclude[]</c> know.</summary>
    public IReadOnlySet<string> Collectors { get; }

    /// <summary>A format's families, by name.</summary>
    public MetricFamily[] Families(bool openMetrics) => openMetrics ? _openMetrics : _text;

    /// <summary>Sorts instruments into families and leaves out, per format, those that would contradict each other.</summary>
    /// <param name="readers">The instruments, in any order.</param>
    /// <param name="target">The family whose names are taken first.</param>
    /// <param name="createdSeries">Whether counters take their <c>_created</c> name too.</param>
    /// <param name="report">Told of each conflict.</param>
    public static ExpositionPlan Build(IEnumerable<InstrumentReader> readers, TargetInfo target, bool createdSeries, Action<string> report)
    {
        MetricFamily[] families = [.. readers
            .GroupBy(reader => (reader.Name.Family, reader.Type))
            .Select(group => new MetricFamily([.. group
                .OrderBy(reader => reader.Instrument.Meter.Name, StringComparer.Ordinal)
                .ThenBy(reader => reader.Instrument.Name, StringComparer.Ordinal)]))];
        foreach (string disagreement in families.SelectMany(family => family.Disagreements()))
        {
            report(disagreement);
        }

        return new ExpositionPlan(Order(openMetrics: false), Order(openMetrics: true));

        MetricFamily[] Order(bool openMetrics)
        {
            HashSet<MetricFamily> conflicting = Conflicting(families, target, openMetrics, createdSeries, report);
            return [.. families
                .Where(family => !conflicting.Contains(family))
                .OrderBy(family => family.MetadataName(openMetrics), StringComparer.Ordinal)];
        }
    }

    // Two families that claim one name are both left out: whichever stayed would be taken for the other. What one format
    // cannot hold the other may: counter x and gauge x differ in the text format (x_total, x), but not in OpenMetrics.
    private static HashSet<MetricFamily> Conflicting(
        MetricFamily[] families, TargetInfo target, bool openMetrics, bool createdSeries, Action<string> report)
    {
        HashSet<MetricFamily> conflicting = [];
        Dictionary<string, MetricFamily?> owners = new(StringComparer.Ordinal);
        if (target.IsPresent)
        {
            owners["target_info"] = null;
            if (openMetrics)
            {
                owners["target"] = null;
            }
        }

        foreach (MetricFamily family in families)
        {
            foreach (string name in family.TakenNames(openMetrics, createdSeries))
            {
                if (owners.TryAdd(name, family))
                {
                    continue;
                }

                conflicting.Add(family);
                if (owners[name] is { } owner)
                {
                    conflicting.Add(owner);
                }

                report($"different families claim the name {name} in the {(openMetrics ? "OpenMetrics" : "Prometheus text")} format; all of them are left out");
            }
        }

        return conflicting;
    }
}
