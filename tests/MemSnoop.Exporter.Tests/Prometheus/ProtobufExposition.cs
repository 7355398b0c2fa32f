using System.Globalization;
using System.Text;
using MemSnoop.Exporter.Tests.Prometheus.ClientModel;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>Reads answers in protobuf by Google's parser, of which the program has nothing.</summary>
internal static class ProtobufExposition
{
    /// <summary>The families of an answer, each with its length in front of it.</summary>
    public static IReadOnlyList<MetricFamily> Parse(byte[] body)
    {
        using MemoryStream stream = new(body);
        List<MetricFamily> families = [];
        while (stream.Position < stream.Length)
        {
            families.Add(MetricFamily.Parser.ParseDelimitedFrom(stream));
        }

        return families;
    }

    /// <summary>What a server would refuse or get wrong; nothing if all is well.</summary>
    public static IReadOnlyList<string> Check(IReadOnlyList<MetricFamily> families)
    {
        List<string> complaints = [];
        complaints.AddRange(families.GroupBy(static family => family.Name).Where(static same => same.Count() > 1).Select(static same => $"family twice: {same.Key}"));
        foreach (MetricFamily family in families)
        {
            if (!family.HasName || !family.HasType || family.Metric.Count == 0 || (family.HasHelp && family.Help.Length == 0))
            {
                complaints.Add($"family without name, type or samples, or with an empty help: {family}");
            }

            string bare = family.Type == MetricType.Counter && family.Name.EndsWith("_total", StringComparison.Ordinal) ? family.Name[..^"_total".Length] : family.Name;
            if (family.HasUnit && !bare.EndsWith("_" + family.Unit, StringComparison.Ordinal))
            {
                complaints.Add($"unit that is not the last word of the name: {family.Name} {family.Unit}");
            }

            complaints.AddRange(family.Metric.Where(metric => metric.HasTimestampMs || (metric.Counter is not null, metric.Gauge is not null) != (family.Type == MetricType.Counter, family.Type == MetricType.Gauge))
                .Select(metric => $"sample of another type or with a time: {family.Name} {metric}"));
            complaints.AddRange(family.Metric.Select(metric => SampleOf(family, metric).Identity).GroupBy(static identity => identity).Where(static same => same.Count() > 1).Select(static same => $"series twice: {same.Key}"));
        }

        return complaints;
    }

    /// <summary>The samples, in order, as if they had been read from a text.</summary>
    public static IReadOnlyList<ExpositionSample> Samples(IEnumerable<MetricFamily> families) =>
        [.. families.SelectMany(static family => family.Metric.Select(metric => SampleOf(family, metric)))];

    /// <summary>The metadata as the text format has them.</summary>
    public static IEnumerable<string> Metadata(IEnumerable<MetricFamily> families)
    {
        foreach (MetricFamily family in families)
        {
            yield return $"# TYPE {family.Name} {(family.Type == MetricType.Counter ? "counter" : "gauge")}";
            if (family.HasHelp)
            {
                yield return $"# HELP {family.Name} {new StringBuilder(family.Help).Replace("\\", "\\\\").Replace("\n", "\\n")}";
            }
        }
    }

    private static ExpositionSample SampleOf(MetricFamily family, Metric metric)
    {
        double value = metric.Counter?.Value ?? metric.Gauge.Value;
        string text = double.IsNaN(value) ? "NaN" : double.IsInfinity(value) ? (value > 0 ? "+Inf" : "-Inf") : value.ToString("R", CultureInfo.InvariantCulture);
        return new ExpositionSample(family.Name, [.. metric.Label.Select(static label => KeyValuePair.Create(label.Name, label.Value))], text);
    }
}
