using System.Globalization;
using System.Text;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Writes the name and the labels of one family's samples, and remembers the layouts of labels that it has met.</summary>
/// <param name="name">What stands in front of the labels.</param>
/// <param name="constants">Labels with the same value in every sample, which come first.</param>
internal sealed class SeriesKeyWriter(string name, IReadOnlyList<KeyValuePair<string, object?>> constants)
{
    // An instrument has one set of keys, or a few. One with ever new keys must not make this grow, so its layouts are not kept.
    private const int MaxRemembered = 32;

    private readonly List<Layout> _layouts = [];
    private Layout? _latest;

    /// <summary>How a measurement with these tags is written.</summary>
    /// <remarks>
    /// Labels are sorted by key, because the order of tags is no part of a series' identity. Keys that become one label name are joined:
    /// their values stand in the order of the keys, with semicolons between. Of two equal keys the later counts.
    /// </remarks>
    public Layout LayoutOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (_latest is null || !_latest.Fits(tags))
        {
            _latest = Find(tags);
        }

        return _latest;
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

        Layout created = new(name, constants, tags);
        if (_layouts.Count < MaxRemembered)
        {
            _layouts.Add(created);
        }

        return created;
    }

    /// <summary>
    /// How the measurements with one sequence of tag keys are written. Names, order and punctuation are worked out once; a measurement then only adds its values.
    /// </summary>
    internal sealed class Layout
    {
        private readonly string?[] _keys;
        private readonly Piece[] _pieces;
        private readonly byte[] _closing;
        private readonly int _fixedBytes;

        public Layout(string name, IReadOnlyList<KeyValuePair<string, object?>> constants, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            _keys = new string?[tags.Length];
            Dictionary<string, int> last = new(StringComparer.Ordinal);
            for (int i = 0; i < tags.Length; i++)
            {
                _keys[i] = tags[i].Key;
                last[tags[i].Key ?? ""] = i;
            }

            IEnumerable<Part> parts = constants
                .Select(static label => new Part(MetricName.Label(label.Key), Encode(label.Value), -1))
                .Concat(last.OrderBy(static tag => tag.Key, StringComparer.Ordinal).Select(static tag => new Part(MetricName.Label(tag.Key), null, tag.Value)));
            List<byte> text = [.. Encoding.ASCII.GetBytes(name)];
            List<Piece> pieces = [];
            string opening = "{";
            foreach (IGrouping<string, Part> label in parts.GroupBy(static part => part.Name, StringComparer.Ordinal))
            {
                text.AddRange(Encoding.ASCII.GetBytes(opening + label.Key + "=\""));
                opening = "\",";
                bool first = true;
                foreach (Part part in label)
                {
                    text.AddRange(first ? ""u8 : ";"u8);
                    first = false;
                    if (part.Constant is not null)
                    {
                        text.AddRange(part.Constant);
                    }
                    else
                    {
                        pieces.Add(new Piece([.. text], part.Tag));
                        text.Clear();
                    }
                }
            }

            text.AddRange(opening == "{" ? ""u8 : "\"}"u8);
            _pieces = [.. pieces];
            _closing = [.. text];
            _fixedBytes = _pieces.Sum(static piece => piece.Text.Length) + _closing.Length;
        }

        // One value of a label: a constant, or the position of a tag.
        private readonly record struct Part(string Name, byte[]? Constant, int Tag);

        // What stands in front of a tag's value: the end of the label before it, the name of its own.
        private readonly record struct Piece(byte[] Text, int Tag);

        /// <summary>Whether a measurement's tags have this layout's keys, in this order.</summary>
        public bool Fits(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string?[] keys = _keys;
            if (tags.Length != keys.Length)
            {
                return false;
            }

            for (int i = 0; i < keys.Length; i++)
            {
                // Nearly always the very same text, which needs no call to be found out.
                if (!ReferenceEquals(tags[i].Key, keys[i]) && !string.Equals(tags[i].Key, keys[i], StringComparison.Ordinal))
                {
                    return false;
                }
            }

            return true;
        }

        /// <summary>How many bytes name and labels can have at most.</summary>
        public int MostBytes(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            int most = _fixedBytes;
            foreach (ref readonly KeyValuePair<string, object?> tag in tags)
            {
                most = checked(most + MostBytes(tag.Value));
            }

            return most;
        }

        public void Write(ref LineWriter line, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (ref readonly Piece piece in _pieces.AsSpan())
            {
                line.Append(piece.Text);
                object? value = tags[piece.Tag].Value;
                if (value is string text)
                {
                    // Nearly every value.
                    line.AppendEscaped(text);
                }
                else
                {
                    WriteValue(ref line, value);
                }
            }

            line.Append(_closing);
        }

        private static byte[] Encode(object? value)
        {
            byte[] room = new byte[MostBytes(value)];
            LineWriter text = new(room);
            WriteValue(ref text, value);
            return room[..text.Length];
        }

        private static int MostBytes(object? value) => value switch
        {
            string text => checked(text.Length * LineWriter.MostCharBytes),
            null => 0,
            int or long or bool or double or float => LineWriter.MostNumberBytes,
            _ => checked((Text(value)?.Length ?? 0) * LineWriter.MostCharBytes),
        };

        // Any attribute value; null is the empty value. Text of any culture comes out invariant.
        private static void WriteValue(ref LineWriter line, object? value)
        {
            switch (value)
            {
                case string text:
                    line.AppendEscaped(text);
                    break;
                case null:
                    break;
                case int number:
                    line.Append((long)number);
                    break;
                case long number:
                    line.Append(number);
                    break;
                case bool flag:
                    line.Append(flag ? "true"u8 : "false"u8);
                    break;
                case double number:
                    line.AppendCanonical(number);
                    break;
                case float number:
                    line.AppendCanonical(number);
                    break;
                default:
                    line.AppendEscaped(Text(value));
                    break;
            }
        }

        private static string? Text(object value) => Convert.ToString(value, CultureInfo.InvariantCulture);
    }
}
