using System.Text;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Writes the labels of one family's samples as messages <c>LabelPair</c>.</summary>
/// <param name="style">What the names of labels are like.</param>
/// <param name="constants">Labels with the same value in every sample, which come first.</param>
internal sealed class ProtobufLabels(NameStyle style, IReadOnlyList<KeyValuePair<string, object?>> constants) : LabelLayouts<ProtobufLabels.Layout>
{
    private const int LabelOfMetric = 1;
    private const int Name = 1;
    private const int Text = 2;

    protected override Layout Create(ReadOnlySpan<KeyValuePair<string, object?>> tags) => new(style, constants, tags);

    /// <summary>How the measurements with one sequence of tag keys are written.</summary>
    internal sealed class Layout : LabelLayout
    {
        private readonly KeyValuePair<byte[], Part[]>[] _labels;

        public Layout(NameStyle style, IReadOnlyList<KeyValuePair<string, object?>> constants, ReadOnlySpan<KeyValuePair<string, object?>> tags)
            : base(style, constants, tags)
        {
            _labels = [.. Labels.Select(static label => KeyValuePair.Create(NameField(label.Key), label.Value))];
            FixedBytes = _labels.Sum(static label =>
                (2 * ProtobufWriter.MostHeadBytes) + label.Key.Length + label.Value.Sum(static part => 1 + (part.Constant?.Length ?? 0)));
        }

        public void Write(ref ProtobufWriter metric, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach ((byte[] name, Part[] parts) in _labels)
            {
                int pair = metric.Begin(ProtobufWriter.Delimited(LabelOfMetric));
                metric.Append(name);
                int value = metric.Begin(ProtobufWriter.Delimited(Text));
                for (int i = 0; i < parts.Length; i++)
                {
                    metric.Append(i == 0 ? ""u8 : ";"u8);
                    if (parts[i].Constant is { } constant)
                    {
                        metric.Append(constant);
                    }
                    else
                    {
                        metric.AppendValue(tags[parts[i].Tag].Value);
                    }
                }

                metric.End(value);
                metric.End(pair);
            }
        }

        private static byte[] NameField(string name)
        {
            byte[] text = Encoding.UTF8.GetBytes(name);
            byte[] room = new byte[ProtobufWriter.MostHeadBytes + text.Length];
            ProtobufWriter field = new(room);
            field.AppendBytes(ProtobufWriter.Delimited(Name), text);
            return room[..field.Length];
        }
    }
}
