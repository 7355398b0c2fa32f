namespace MemSnoop.Exporter.Prometheus;

/// <summary>Writes the labels of one instrument's measurements, and remembers the layouts it has met.</summary>
internal sealed class LabelWriter(IReadOnlyList<KeyValuePair<string, object?>> constants)
{
    // An instrument has one key set, perhaps a few. One that invents keys must not make this grow; its layouts are worked out anew.
    private const int MaxRemembered = 32;

    private readonly List<LabelLayout> _layouts = [];
    private LabelLayout? _latest;

    /// <summary>Writes the labels in braces, or nothing.</summary>
    public void Write(SampleBuffer buffer, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (_latest is null || !_latest.Fits(tags))
        {
            _latest = Find(tags);
        }

        _latest.Write(buffer, tags);
    }

    private LabelLayout Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (LabelLayout layout in _layouts)
        {
            if (layout.Fits(tags))
            {
                return layout;
            }
        }

        LabelLayout created = new(constants, tags);
        if (_layouts.Count < MaxRemembered)
        {
            _layouts.Add(created);
        }

        return created;
    }
}
