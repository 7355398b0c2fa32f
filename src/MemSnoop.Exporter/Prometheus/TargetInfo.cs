namespace MemSnoop.Exporter.Prometheus;

/// <summary>The family with the resource: the first one of the answer, or absent without attributes.</summary>
internal sealed class TargetInfo
{
    private const string Name = "target_info";
    private const string Help = "Target metadata";

    private readonly KeyValuePair<string, object?>[] _tags;
    private readonly Families _underscores;
    private readonly Families _utf8;

    public TargetInfo(IReadOnlyList<KeyValuePair<string, object>> attributes)
    {
        _tags = [.. attributes.Select(attribute => KeyValuePair.Create(attribute.Key, (object?)attribute.Value))];
        _underscores = Create(NameStyle.Underscores);
        _utf8 = Create(NameStyle.Utf8);
    }

    /// <summary>The family in a format, or nothing.</summary>
    public byte[] In(ExpositionFormat format)
    {
        Families families = format.Names == NameStyle.Utf8 ? _utf8 : _underscores;
        return format.Syntax switch
        {
            ExpositionSyntax.OpenMetrics => families.OpenMetrics,
            ExpositionSyntax.OpenMetrics2 => families.OpenMetrics2,
            ExpositionSyntax.Protobuf => families.Protobuf,
            _ => families.Text,
        };
    }

    private Families Create(NameStyle style)
    {
        if (_tags.Length == 0)
        {
            return new Families([], [], [], []);
        }

        SeriesKeyWriter.Layout layout = new SeriesKeyWriter(Name, style, []).LayoutOf(_tags);
        byte[] room = new byte[layout.MostBytes(_tags)];
        LineWriter key = new(room);
        layout.Write(ref key, _tags);
        byte[] line = [.. room.AsSpan(0, key.Length), .. " 1\n"u8];
        return new Families(
            [.. FamilyMetadata.Text(Name, "gauge", Help), .. line],
            [.. FamilyMetadata.OpenMetrics("target", "info", unit: null, Help), .. line],
            [.. FamilyMetadata.OpenMetrics(Name, "info", unit: null, Help), .. line],
            ProtobufOf(_tags, style));
    }

    // A gauge: the format has no type for it.
    private static byte[] ProtobufOf(KeyValuePair<string, object?>[] tags, NameStyle style)
    {
        byte[] metadata = FamilyMetadata.Protobuf(Name, isCounter: false, unit: null, Help);
        ProtobufLabels.Layout layout = new ProtobufLabels(style, []).LayoutOf(tags);
        byte[] room = new byte[ProtobufSampleWriter.MostBytes(layout, tags)];
        ProtobufWriter sample = new(room);
        ProtobufSampleWriter.Append(ref sample, layout, tags, isCounter: false, 1, start: null);
        byte[] length = new byte[ProtobufWriter.MostVarintBytes];
        ProtobufWriter head = new(length);
        head.AppendVarint((ulong)(metadata.Length + sample.Length));
        return [.. length.AsSpan(0, head.Length), .. metadata, .. room.AsSpan(0, sample.Length)];
    }

    private sealed record Families(byte[] Text, byte[] OpenMetrics, byte[] OpenMetrics2, byte[] Protobuf);
}
