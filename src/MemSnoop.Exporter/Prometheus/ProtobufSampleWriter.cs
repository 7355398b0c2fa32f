using MemSnoop.Exporter.Collector;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Writes samples as messages <c>Metric</c> of <c>io.prometheus.client</c>, each as a field of its family. A counter tells when it began, where that is known.</summary>
/// <remarks>The fields and their numbers: https://github.com/prometheus/client_model, io/prometheus/client/metrics.proto.</remarks>
/// <param name="source">The instrument.</param>
/// <param name="style">What names are like.</param>
/// <param name="constants">Labels with the same value in every sample.</param>
internal sealed class ProtobufSampleWriter(CollectedInstrument source, NameStyle style, IReadOnlyList<KeyValuePair<string, object?>> constants) : SampleWriter
{
    private const int MetricOfFamily = 4;
    private const int GaugeOfMetric = 2;
    private const int CounterOfMetric = 3;
    private const int Value = 1;
    private const int StartOfCounter = 3;
    private const int Seconds = 1;
    private const int Nanoseconds = 2;

    // Tag and number; and two heads around them, of the gauge or counter and of the sample.
    private const int MostValueBytes = 1 + sizeof(double) + (2 * ProtobufWriter.MostHeadBytes);
    private const int MostStartBytes = ProtobufWriter.MostHeadBytes + (2 * (1 + ProtobufWriter.MostVarintBytes));

    private readonly ProtobufLabels _labels = new(style, constants);
    private readonly bool _isCounter = source.Kind == InstrumentKind.Counter;

    public override int Write(SampleBuffer samples, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => Write(samples, (double)value, tags);

    public override int Write(SampleBuffer samples, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        ProtobufLabels.Layout layout = _labels.LayoutOf(tags);
        ProtobufWriter message = new(samples.BeginSample(MostBytes(layout, tags)));
        (int keyStart, int keyEnd) = Append(ref message, layout, tags, _isCounter, value, _isCounter ? source.CreatedTime(tags) : null);
        samples.EndSample(message.Length, keyStart, keyEnd, createdAt: message.Length);
        return message.Length;
    }

    /// <summary>How many bytes a sample can have at most.</summary>
    public static int MostBytes(ProtobufLabels.Layout layout, ReadOnlySpan<KeyValuePair<string, object?>> tags) => layout.MostBytes(tags) + MostValueBytes + MostStartBytes;

    /// <summary>Appends a sample.</summary>
    /// <param name="message">Where to.</param>
    /// <param name="layout">Its labels.</param>
    /// <param name="tags">Their values.</param>
    /// <param name="isCounter">Whether it is that of a counter and not of a gauge.</param>
    /// <param name="value">Its value.</param>
    /// <param name="start">When the counter began, in seconds since the Unix epoch, if that is known.</param>
    /// <returns>Where in the message the labels begin and end.</returns>
    public static (int KeyStart, int KeyEnd) Append(
        ref ProtobufWriter message, ProtobufLabels.Layout layout, ReadOnlySpan<KeyValuePair<string, object?>> tags, bool isCounter, double value, double? start)
    {
        int metric = message.Begin(ProtobufWriter.Delimited(MetricOfFamily));
        layout.Write(ref message, tags);
        int labels = message.Length - metric;
        int number = message.Begin(ProtobufWriter.Delimited(isCounter ? CounterOfMetric : GaugeOfMetric));
        message.AppendDouble(ProtobufWriter.Fixed64(Value), value);
        if (start is { } seconds and >= 0)
        {
            AppendStart(ref message, seconds);
        }

        message.End(number);
        int body = message.Length - metric;
        message.End(metric);

        // The length in front of the labels has one byte or more.
        int keyStart = message.Length - body;
        return (keyStart, keyStart + labels);
    }

    // A google.protobuf.Timestamp. In microseconds: a double has no more of the times of our days.
    private static void AppendStart(ref ProtobufWriter message, double seconds)
    {
        const long Microseconds = 1_000_000;
        (long whole, long fraction) = Math.DivRem((long)Math.Round(seconds * Microseconds), Microseconds);
        int start = message.Begin(ProtobufWriter.Delimited(StartOfCounter));
        message.AppendVarint(ProtobufWriter.Varint(Seconds), (ulong)whole);
        message.AppendVarint(ProtobufWriter.Varint(Nanoseconds), (ulong)(fraction * 1000));
        message.End(start);
    }
}
