using System.Diagnostics.Metrics;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>The labels that tell the meters of one process apart, <c>otel_scope_*</c>.</summary>
internal static class ScopeLabels
{
    private const string Prefix = "otel_scope_";

    private static readonly string[] Reserved = [Prefix + "name", Prefix + "version", Prefix + "schema_url"];

    /// <summary>Name, version and schema URL, then the meter's own tags. A tag that would take one of those three names is left out.</summary>
    public static List<KeyValuePair<string, object?>> Of(Meter meter)
    {
        List<KeyValuePair<string, object?>> labels = [new(Reserved[0], meter.Name)];
        if (!string.IsNullOrEmpty(meter.Version))
        {
            labels.Add(new(Reserved[1], meter.Version));
        }

        if (!string.IsNullOrEmpty(meter.TelemetrySchemaUrl))
        {
            labels.Add(new(Reserved[2], meter.TelemetrySchemaUrl));
        }

        labels.AddRange((meter.Tags ?? [])
            .Select(tag => KeyValuePair.Create(Prefix + tag.Key, tag.Value))
            .Where(tag => !Reserved.Contains(LabelName.From(tag.Key)))
            .OrderBy(tag => tag.Key, StringComparer.Ordinal));
        return labels;
    }
}
