using MemSnoop.Exporter.Collector;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>How lines tell when a counter began.</summary>
internal enum StartTimes
{
    /// <summary>They do not.</summary>
    None,

    /// <summary>By a line of its own, <c>_created</c>, which only OpenMetrics 1 has.</summary>
    Lines,

    /// <summary>Behind the value, <c>st@</c>, as in OpenMetrics 2.</summary>
    Inline,
}

/// <summary>Writes samples as lines.</summary>
/// <param name="source">The instrument.</param>
/// <param name="name">Its names.</param>
/// <param name="style">What names are like.</param>
/// <param name="constants">Labels with the same value in every sample.</param>
/// <param name="starts">How they tell when a counter began, where that is known.</param>
internal sealed class TextSampleWriter(
    CollectedInstrument source, MetricName name, NameStyle style, IReadOnlyList<KeyValuePair<string, object?>> constants, StartTimes starts) : SampleWriter
{
    // The space in front of a value, and the end of the line.
    private const int PunctuationBytes = 2;

    private static ReadOnlySpan<byte> Inline => " st@"u8;

    private readonly SeriesKeyWriter _sampleKeys = new(name.Sample, style, constants);
    private readonly SeriesKeyWriter _createdKeys = new(name.Family + "_created", style, constants);

    public override int Write(SampleBuffer samples, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        LineWriter line = Begin(samples, tags, out double? created);
        int keyEnd = line.Length;
        line.Append((byte)' ');
        line.Append(value);
        return End(samples, ref line, keyEnd, created, tags);
    }

    public override int Write(SampleBuffer samples, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        LineWriter line = Begin(samples, tags, out double? created);
        int keyEnd = line.Length;
        line.Append((byte)' ');
        line.Append(value);
        return End(samples, ref line, keyEnd, created, tags);
    }

    // Name and labels are written; the value comes next.
    private LineWriter Begin(SampleBuffer samples, ReadOnlySpan<KeyValuePair<string, object?>> tags, out double? created)
    {
        created = starts == StartTimes.None ? null : source.CreatedTime(tags);
        SeriesKeyWriter.Layout layout = _sampleKeys.LayoutOf(tags);
        int most = layout.MostBytes(tags) + PunctuationBytes + LineWriter.MostNumberBytes;
        if (created is not null)
        {
            most += Inline.Length + _createdKeys.LayoutOf(tags).MostBytes(tags) + PunctuationBytes + LineWriter.MostNumberBytes;
        }

        LineWriter line = new(samples.BeginSample(most));
        layout.Write(ref line, tags);
        return line;
    }

    private int End(SampleBuffer samples, ref LineWriter line, int keyEnd, double? created, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (created is not null && starts == StartTimes.Inline)
        {
            line.Append(Inline);
            line.Append(created.Value);
        }

        line.Append((byte)'\n');
        int createdAt = line.Length;
        if (created is not null && starts == StartTimes.Lines)
        {
            _createdKeys.LayoutOf(tags).Write(ref line, tags);
            line.Append((byte)' ');
            line.Append(created.Value);
            line.Append((byte)'\n');
        }

        samples.EndSample(line.Length, _sampleKeys.NameLength, keyEnd, createdAt);
        return line.Length;
    }
}
