namespace MemSnoop.Exporter.Prometheus;

/// <summary>The family with the resource: the first one of the text, or absent without attributes.</summary>
internal sealed class TargetInfo
{
    private const string Help = "Target metadata";

    public TargetInfo(IReadOnlyList<KeyValuePair<string, object>> attributes)
    {
        if (attributes.Count == 0)
        {
            return;
        }

        KeyValuePair<string, object?>[] tags = [.. attributes.Select(attribute => KeyValuePair.Create(attribute.Key, (object?)attribute.Value))];
        SeriesKeyWriter.Layout layout = new SeriesKeyWriter("target_info", []).LayoutOf(tags);
        byte[] room = new byte[layout.MostBytes(tags)];
        LineWriter key = new(room);
        layout.Write(ref key, tags);
        byte[] line = [.. room.AsSpan(0, key.Length), .. " 1\n"u8];
        Text = [.. MetricFamily.TextMetadata("target_info", "gauge", Help), .. line];
        OpenMetrics = [.. MetricFamily.OpenMetricsMetadata("target", "info", unit: null, Help), .. line];
    }

    /// <summary>The family in the text format, or nothing.</summary>
    public byte[] Text { get; } = [];

    /// <summary>The family in OpenMetrics, or nothing.</summary>
    public byte[] OpenMetrics { get; } = [];
}
