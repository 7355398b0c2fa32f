using System.Text;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>
/// How the labels of measurements with one sequence of tag keys are written. Names, order and punctuation are worked out once; a
/// measurement then only adds its values.
/// </summary>
internal sealed class LabelLayout
{
    private readonly string?[] _keys;
    private readonly Label[] _labels;

    /// <summary>Lays out labels.</summary>
    /// <param name="constants">Labels with the same value in every sample, which come first.</param>
    /// <param name="tags">A measurement's tags; their keys count, in their caller's order.</param>
    /// <remarks>
    /// Labels are sorted by key, because the order of tags is no part of a series' identity. Keys that become one label name are joined:
    /// their values stand in the order of the keys, with semicolons between. Of two equal keys the later counts.
    /// </remarks>
    public LabelLayout(IReadOnlyList<KeyValuePair<string, object?>> constants, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        _keys = new string?[tags.Length];
        Dictionary<string, int> last = new(StringComparer.Ordinal);
        for (int i = 0; i < tags.Length; i++)
        {
            _keys[i] = tags[i].Key;
            last[tags[i].Key ?? ""] = i;
        }

        IEnumerable<Part> parts = constants
            .Select(label => new Part(LabelName.From(label.Key), Encode(label.Value), -1))
            .Concat(last.OrderBy(tag => tag.Key, StringComparer.Ordinal).Select(tag => new Part(LabelName.From(tag.Key), null, tag.Value)));
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

    /// <summary>Writes the labels in braces; nothing at all when there are none.</summary>
    public void Write(SampleBuffer buffer, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (ref readonly Label label in _labels.AsSpan())
        {
            buffer.Append(label.Opening);
            bool first = label.Constant is null;
            buffer.Append(label.Constant);
            foreach (int tag in label.Tags)
            {
                if (!first)
                {
                    buffer.Append((byte)';');
                }

                first = false;
                LabelValue.Write(buffer, tags[tag].Value);
            }
        }

        if (_labels.Length > 0)
        {
            buffer.Append("\"}"u8);
        }
    }

    private static byte[] Encode(object? value)
    {
        SampleBuffer buffer = new();
        LabelValue.Write(buffer, value);
        byte[] text = buffer.Written.ToArray();
        buffer.Free();
        return text;
    }
}
