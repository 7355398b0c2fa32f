using System.Text;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Writes the name and the labels of one family's samples as text.</summary>
/// <param name="name">The name of the series.</param>
/// <param name="style">What the names of labels are like.</param>
/// <param name="constants">Labels with the same value in every sample, which come first.</param>
internal sealed class SeriesKeyWriter(string name, NameStyle style, IReadOnlyList<KeyValuePair<string, object?>> constants) : LabelLayouts<SeriesKeyWriter.Layout>
{
    private readonly string _opening = OpeningOf(name);

    /// <summary>How many bytes stand in front of the labels, the same in all samples.</summary>
    public int NameLength { get; } = Encoding.UTF8.GetByteCount(OpeningOf(name));

    /// <summary>A name as it stands in a text where no plain name can.</summary>
    public static string Quote(string name) =>
        "\"" + name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal) + "\"";

    protected override Layout Create(ReadOnlySpan<KeyValuePair<string, object?>> tags) => new(_opening, style, constants, tags);

    private static string OpeningOf(string name) => MetricName.IsPlain(name) ? name : "{" + Quote(name);

    /// <summary>How the measurements with one sequence of tag keys are written, punctuation included.</summary>
    internal sealed class Layout : LabelLayout
    {
        private readonly Piece[] _pieces;
        private readonly byte[] _closing;

        public Layout(string start, NameStyle style, IReadOnlyList<KeyValuePair<string, object?>> constants, ReadOnlySpan<KeyValuePair<string, object?>> tags)
            : base(style, constants, tags)
        {
            List<byte> text = [.. Encoding.UTF8.GetBytes(start)];
            List<Piece> pieces = [];

            // A quoted name is within the braces already.
            bool isOpen = start.StartsWith('{');
            string opening = isOpen ? "," : "{";
            string closing = isOpen ? "}" : "";
            foreach ((string label, Part[] parts) in Labels)
            {
                text.AddRange(Encoding.UTF8.GetBytes($"{opening}{(MetricName.IsPlainLabel(label) ? label : Quote(label))}=\""));
                (opening, closing) = ("\",", "\"}");
                bool first = true;
                foreach (Part part in parts)
                {
                    text.AddRange(first ? ""u8 : ";"u8);
                    first = false;
                    if (part.Constant is not null)
                    {
                        text.AddRange(Escape(part.Constant));
                    }
                    else
                    {
                        pieces.Add(new Piece([.. text], part.Tag));
                        text.Clear();
                    }
                }
            }

            text.AddRange(Encoding.UTF8.GetBytes(closing));
            _pieces = [.. pieces];
            _closing = [.. text];
            FixedBytes = _pieces.Sum(static piece => piece.Text.Length) + _closing.Length;
        }

        // What stands in front of a tag's value: the end of the label before it, the name of its own.
        private readonly record struct Piece(byte[] Text, int Tag);

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
                    AttributeText.Write(ref line, value, escape: true);
                }
            }

            line.Append(_closing);
        }

        private static byte[] Escape(byte[] value)
        {
            string text = Encoding.UTF8.GetString(value);
            byte[] room = new byte[text.Length * LineWriter.MostCharBytes];
            LineWriter line = new(room);
            line.AppendEscaped(text);
            return room[..line.Length];
        }
    }
}
