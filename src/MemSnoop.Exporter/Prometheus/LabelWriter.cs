using System.Buffers;
using System.Globalization;
using System.Text;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Writes the labels of one instrument's measurements, and remembers the layouts it has met.</summary>
/// <param name="constants">Labels with the same value in every sample, which come first.</param>
internal sealed class LabelWriter(IReadOnlyList<KeyValuePair<string, object?>> constants)
{
    // An instrument has one set of keys, or a few. One with ever new keys must not make this grow, so its layouts are not kept.
    private const int MaxRemembered = 32;

    private static readonly SearchValues<char> Escaped = SearchValues.Create("\\\"\n");

    private readonly List<Layout> _layouts = [];
    private Layout? _latest;

    /// <summary>Writes the labels in braces; nothing at all when there are none.</summary>
    /// <remarks>
    /// Labels are sorted by key, because the order of tags is no part of a series' identity. Keys that become one label name are joined:
    /// their values stand in the order of the keys, with semicolons between. Of two equal keys the later counts.
    /// </remarks>
    public void Write(SampleBuffer buffer, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (_latest is null || !_latest.Fits(tags))
        {
            _latest = Find(tags);
        }

        _latest.Write(buffer, tags);
    }

    private Layout Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (Layout layout in _layouts)
        {
            if (layout.Fits(tags))
            {
                return layout;
            }
        }

        Layout created = new(constants, tags);
        if (_layouts.Count < MaxRemembered)
        {
            _layouts.Add(created);
        }

        return created;
    }

    // Any attribute value; null is the empty value. Text of any culture comes out invariant.
    private static void WriteValue(SampleBuffer buffer, object? value)
    {
        switch (value)
        {
            case null:
                break;
            case string text:
                WriteEscaped(buffer, text);
                break;
            case int number:
                buffer.Append((long)number);
                break;
            case long number:
                buffer.Append(number);
                break;
            case bool flag:
                buffer.Append(flag ? "true"u8 : "false"u8);
                break;
            case double number:
                WriteCanonical(buffer, number);
                break;
            case float number:
                WriteCanonical(buffer, number);
                break;
            default:
                WriteEscaped(buffer, Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }

    // A lone surrogate becomes U+FFFD, since one bad byte fails the whole scrape.
    private static void WriteEscaped(SampleBuffer buffer, ReadOnlySpan<char> text)
    {
        int special;
        while ((special = text.IndexOfAny(Escaped)) >= 0)
        {
            buffer.AppendUtf8(text[..special]);
            buffer.Append(text[special] switch
            {
                '\\' => "\\\\"u8,
                '"' => "\\\""u8,
                _ => "\\n"u8,
            });
            text = text[(special + 1)..];
        }

        buffer.AppendUtf8(text);
    }

    // A number in a label is text. OpenMetrics' canonical form makes the labels of two exporters equal.
    private static void WriteCanonical(SampleBuffer buffer, double value)
    {
        Span<byte> text = stackalloc byte[SampleBuffer.MaxNumberLength];
        text = text[..SampleBuffer.Format(value, text)];
        text.Replace((byte)'E', (byte)'e');
        buffer.Append(text);
        if (double.IsFinite(value) && text.IndexOfAny((byte)'.', (byte)'e') < 0)
        {
            buffer.Append(".0"u8);
        }
    }

    /// <summary>
    /// How the labels of measurements with one sequence of tag keys are written. Names, order and punctuation are worked out once; a
    /// measurement then only adds its values.
    /// </summary>
    private sealed class Layout
    {
        private readonly string?[] _keys;
        private readonly Label[] _labels;

        public Layout(IReadOnlyList<KeyValuePair<string, object?>> constants, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            _keys = new string?[tags.Length];
            Dictionary<string, int> last = new(StringComparer.Ordinal);
            for (int i = 0; i < tags.Length; i++)
            {
                _keys[i] = tags[i].Key;
                last[tags[i].Key ?? ""] = i;
            }

            IEnumerable<Part> parts = constants
                .Select(label => new Part(MetricName.Label(label.Key), Encode(label.Value), -1))
                .Concat(last.OrderBy(tag => tag.Key, StringComparer.Ordinal).Select(tag => new Part(MetricName.Label(tag.Key), null, tag.Value)));
            List<Label> labels = [];
            foreach (IGrouping<string, Part> label in parts.GroupBy(part => part.Name, StringComparer.Ordinal))
            {
                byte[]? constant = null;
                foreach (byte[] text in label.Select(part => part.Constant).OfType<byte[]>())
                {
                    constant = constant is null ? text : [.. constant, (byte)';', .. text];
                }

                string opening = (labels.Count == 0 ? "{" : "\",") + label.Key + "=\"";
                labels.Add(new Label(Encoding.ASCII.GetBytes(opening), constant, [.. label.Select(part => part.Tag).Where(tag => tag >= 0)]));
            }

            _labels = [.. labels];
        }

        // A label's value, or one of several to be joined: a text, or the position of a tag.
        private readonly record struct Part(string Name, byte[]? Constant, int Tag);

        // The opening closes the quotes of the label before it.
        private readonly record struct Label(byte[] Opening, byte[]? Constant, int[] Tags);

        /// <summary>Whether a measurement's tags have this layout's keys, in this order.</summary>
        public bool Fits(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags.Length != _keys.Length)
            {
                return false;
            }

            for (int i = 0; i < tags.Length; i++)
            {
                if (!string.Equals(tags[i].Key, _keys[i], StringComparison.Ordinal))
                {
                    return false;
                }
            }

            return true;
        }

        public void Write(SampleBuffer buffer, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (ref readonly Label label in _labels.AsSpan())
            {
                buffer.Append(label.Opening);
                if (label.Constant is null && label.Tags.Length == 1)
                {
                    // Nearly every label of nearly every sample.
                    WriteValue(buffer, tags[label.Tags[0]].Value);
                    continue;
                }

                bool first = label.Constant is null;
                buffer.Append(label.Constant);
                foreach (int tag in label.Tags)
                {
                    if (!first)
                    {
                        buffer.Append((byte)';');
                    }

                    first = false;
                    WriteValue(buffer, tags[tag].Value);
                }
            }

            if (_labels.Length > 0)
            {
                buffer.Append("\"}"u8);
            }
        }

        private static byte[] Encode(object? value) => SampleBuffer.Compose(buffer => WriteValue(buffer, value));
    }
}
