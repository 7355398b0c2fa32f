using System.Text;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Writes the name and the labels of one family's samples as text.</summary>
/// <param name="name">What stands in front of the labels.</param>
/// <param name="constants">Labels with the same value in every sample, which come first.</param>
internal sealed class SeriesKeyWriter(string name, IReadOnlyList<KeyValuePair<string, object?>> constants) : LabelLayouts<SeriesKeyWriter.Layout>
{
    protected override Layout Create(ReadOnlySpan<KeyValuePair<string, object?>> tags) => new(name, constants, tags);

    /// <summary>How the measurements with one sequence of tag keys are written, punctuation included.</summary>
    internal sealed class Layout : LabelLayout
    {
        private readonly Piece[] _pieces;
        private readonly byte[] _closing;
        private readonly int _fixedBytes;

        public Layout(string name, IReadOnlyList<KeyValuePair<string, object?>> constants, ReadOnlySpan<KeyValuePair<string, object?>> tags)
            : base(constants, tags)
        {
            List<byte> text = [.. Encoding.ASCII.GetBytes(name)];
            List<Piece> pieces = [];
            string opening = "{";
            foreach ((string label, Part[] parts) in Labels)
            {
                text.AddRange(Encoding.ASCII.GetBytes(opening + label + "=\""));
                opening = "\",";
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

            text.AddRange(opening == "{" ? ""u8 : "\"}"u8);
            _pieces = [.. pieces];
            _closing = [.. text];
            _fixedBytes = _pieces.Sum(static piece => piece.Text.Length) + _closing.Length;
        }

        // What stands in front of a tag's value: the end of the label before it, the name of its own.
        private readonly record struct Piece(byte[] Text, int Tag);

        /// <summary>How many bytes name and labels can have at most.</summary>
        public int MostBytes(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            int most = _fixedBytes;
            foreach (ref readonly KeyValuePair<string, object?> tag in tags)
            {
                most = checked(most + AttributeText.MostBytes(tag.Value));
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
