using MemSnoop.Processes;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// A process with the attributes of its series. Made once for a process and its name: when the name changes, by exec or prctl, its series end and new ones
/// begin.
/// </summary>
internal sealed class WatchedProcess
{
    private readonly KeyValuePair<string, object?>[] _attributes;

    internal WatchedProcess(TrackedProcess process, string? containerId)
    {
        Process = process;
        Comm = process.Comm;
        _attributes = containerId is null
            ? [new("comm", Comm), new("pid", process.Identity.Pid)]
            : [new("comm", Comm), new("container_id", containerId), new("pid", process.Identity.Pid)];
    }

    internal TrackedProcess Process { get; }

    internal string Comm { get; }

    internal bool HasLeft => Process.HasLeft;

    /// <summary>The attributes common to all series of the process, in ordinal order.</summary>
    internal ReadOnlySpan<KeyValuePair<string, object?>> Attributes => _attributes;

    /// <summary>The common attributes and one more, in ordinal order, so that no exporter has to sort them.</summary>
    internal KeyValuePair<string, object?>[] AttributesWith(string key, object? value)
    {
        KeyValuePair<string, object?>[] all = new KeyValuePair<string, object?>[_attributes.Length + 1];
        int at = 0;
        while (at < _attributes.Length && string.CompareOrdinal(_attributes[at].Key, key) < 0)
        {
            all[at] = _attributes[at];
            at++;
        }

        all[at] = new(key, value);
        Attributes[at..].CopyTo(all.AsSpan(at + 1));
        return all;
    }
}
