namespace MemSnoop.Exporter.Prometheus;

/// <summary>Which labels the measurements with one sequence of tag keys have: names and order are worked out once, a measurement then only adds its values.</summary>
/// <remarks>
/// Labels are sorted by key, because the order of tags is no part of a series' identity. Keys that become one label name are joined:
/// their values stand in the order of the keys, with semicolons between. Of two equal keys the later counts.
/// </remarks>
internal abstract class LabelLayout
{
    private readonly string?[] _keys;

    /// <param name="style">What the names of labels are like.</param>
    /// <param name="constants">Labels with the same value in every sample, which come first.</param>
    /// <param name="tags">The tags of a measurement.</param>
    protected LabelLayout(NameStyle style, IReadOnlyList<KeyValuePair<string, object?>> constants, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        _keys = new string?[tags.Length];
        Dictionary<string, int> last = new(StringComparer.Ordinal);
        for (int i = 0; i < tags.Length; i++)
        {
            _keys[i] = tags[i].Key;
            last[tags[i].Key ?? ""] = i;
        }

        Labels = [.. constants
            .Select(label => new Part(MetricName.Label(label.Key, style), Encode(label.Value), -1))
            .Concat(last.OrderBy(static tag => tag.Key, StringComparer.Ordinal).Select(tag => new Part(MetricName.Label(tag.Key, style), null, tag.Value)))
            .GroupBy(static part => part.Name, StringComparer.Ordinal)
            .Select(static label => new KeyValuePair<string, Part[]>(label.Key, [.. label]))];
    }

    /// <summary>The labels, each with the values that it is joined from.</summary>
    protected KeyValuePair<string, Part[]>[] Labels { get; }

    /// <summary>How many bytes are written whatever the values of tags are, at most.</summary>
    protected int FixedBytes { private get; init; }

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

    /// <summary>How many bytes are written for a measurement with these tags, at most: its labels, and the name where that stands in front of them.</summary>
    public int MostBytes(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        int most = FixedBytes;
        foreach (ref readonly KeyValuePair<string, object?> tag in tags)
        {
            most = checked(most + AttributeText.MostBytes(tag.Value));
        }

        return most;
    }

    // A constant as plain UTF-8; whoever writes it between quotes escapes it.
    private static byte[] Encode(object? value)
    {
        byte[] room = new byte[AttributeText.MostBytes(value)];
        LineWriter text = new(room);
        AttributeText.Write(ref text, value, escape: false);
        return room[..text.Length];
    }

    /// <summary>One value of a label.</summary>
    /// <param name="Name">The label's name.</param>
    /// <param name="Constant">The value, where it is the same in every sample.</param>
    /// <param name="Tag">The position of the tag whose value it is.</param>
    protected readonly record struct Part(string Name, byte[]? Constant, int Tag);
}

/// <summary>Remembers the layouts of labels that one family has met.</summary>
internal abstract class LabelLayouts<TLayout>
    where TLayout : LabelLayout
{
    // An instrument has one set of keys, or a few. One with ever new keys must not make this grow, so its layouts are not kept.
    private const int MaxRemembered = 32;

    private readonly List<TLayout> _layouts = [];
    private TLayout? _latest;

    /// <summary>How a measurement with these tags is written.</summary>
    public TLayout LayoutOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (_latest is null || !_latest.Fits(tags))
        {
            _latest = Find(tags);
        }

        return _latest;
    }

    /// <summary>Works out a layout that has not been met.</summary>
    protected abstract TLayout Create(ReadOnlySpan<KeyValuePair<string, object?>> tags);

    private TLayout Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (TLayout layout in _layouts)
        {
            if (layout.Fits(tags))
            {
                return layout;
            }
        }

        TLayout created = Create(tags);
        if (_layouts.Count < MaxRemembered)
        {
            _layouts.Add(created);
        }

        return created;
    }
}
