namespace MemSnoop.Exporter.Prometheus;

/// <summary>The family with the resource: the first one of the answer, or absent without attributes.</summary>
internal sealed class TargetInfo
{
    private const string Name = "target_info";
    private const string Help = "Target metadata";

    private readonly byte[] _text = [];
    private readonly byte[] _openMetrics = [];
    private readonly byte[] _protobuf = [];

    public TargetInfo(IReadOnlyList<KeyValuePair<string, object>> attributes)
    {
        if (attributes.Count == 0)
        {
            return;
        }

        KeyValuePair<string, object?>[] tags = [.. attributes.Select(attribute => KeyValuePair.Create(attribute.Key, (object?)attribute.Value))];
        SeriesKeyWriter.Layout layout = new SeriesKeyWriter(Name, []).LayoutOf(tags);
        byte[] room = new byte[layout.MostBytes(tags)];
        LineWriter key = new(room);
        layout.Write(ref key, tags);
        byte[] line = [.. room.AsSpan(0, key.Length), .. " 1\n"u8];
        _text = [.. FamilyMetadata.Text(Name, "gauge", Help), .. line];
        _openMetrics = [.. FamilyMetadata.OpenMetrics("target", "info", unit: null, Help), .. line];
        _protobuf = ProtobufOf(tags);
    }

    /// <summary>The family in a format, or nothing.</summary>
    public byte[] In(ExpositionSyntax syntax) => syntax switch
    {
        ExpositionSyntax.OpenMetrics => _openMetrics,
        ExpositionSyntax.Protobuf => _protobuf,
        _ => _text,
    };

    // A gauge: the format has no type for it.
    private static byte[] ProtobufOf(KeyValuePair<string, object?>[] tags)
    {
        byte[] metadata = FamilyMetadata.Protobuf(Name, isCounter: false, unit: null, Help);
        ProtobufLabels.Layout layout = new ProtobufLabels([]).LayoutOf(tags);
        byte[] room = new byte[ProtobufSampleWriter.MostBytes(layout, tags)];
        ProtobufWriter sample = new(room);
        ProtobufSampleWriter.Append(ref sample, layout, tags, isCounter: false, 1, start: null);
        byte[] length = new byte[ProtobufWriter.MostVarintBytes];
        ProtobufWriter head = new(length);
        head.AppendVarint((ulong)(metadata.Length + sample.Length));
        return [.. length.AsSpan(0, head.Length), .. metadata, .. room.AsSpan(0, sample.Length)];
    }
}
