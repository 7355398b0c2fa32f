namespace MemSnoop.Tracing;

/// <summary>The measurements of a trace, in the order in which they are taken.</summary>
internal sealed class TraceSlots
{
    private readonly List<TraceSlot> _slots = [];

    internal IReadOnlyList<TraceSlot> All => _slots;

    internal void Add(TraceSlot slot)
    {
        if (_slots.Exists(other => other.Name == slot.Name))
        {
            throw new ArgumentException($"There is a measurement named {slot.Name} already.", nameof(slot));
        }

        _slots.Add(slot);
    }

    internal TraceSlot Find(string name)
    {
        foreach (TraceSlot slot in _slots)
        {
            if (slot.Name == name)
            {
                return slot;
            }
        }

        throw new ArgumentException($"There is no measurement named {name}; there are {string.Join(", ", _slots.Select(static slot => slot.Name))}.", nameof(name));
    }

    internal TraceSlot<T> Find<T>(string name) => Find(name) as TraceSlot<T>
        ?? throw new ArgumentException($"The measurement {name} does not yield {typeof(T).Name}.", nameof(name));
}
