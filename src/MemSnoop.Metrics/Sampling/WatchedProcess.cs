using MemSnoop.Processes;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// A process with the attributes of its series. Made once for a process and its name: when the name changes, by exec or prctl, its series end and new ones
/// begin.
/// </summary>
internal sealed class WatchedProcess
{
    /// <summary>The greatest number of attributes that are common to all series of a process.</summary>
    internal const int MostAttributes = 3;

    internal WatchedProcess(TrackedProcess process, string? containerId)
    {
        Process = process;
        Comm = process.Comm;
        Attributes = containerId is null
            ? [new("comm", Comm), new("pid", process.Identity.Pid)]
            : [new("comm", Comm), new("container_id", containerId), new("pid", process.Identity.Pid)];
    }

    internal TrackedProcess Process { get; }

    internal string Comm { get; }

    internal bool HasLeft => Process.HasLeft;

    /// <summary>The attributes common to all series of the process, in ordinal order. Not to be written to.</summary>
    internal KeyValuePair<string, object?>[] Attributes { get; }

    /// <summary>Copies the common attributes and one more, in ordinal order, so that no exporter has to sort them.</summary>
    /// <returns>The position of the one.</returns>
    internal int CopyAttributesWith(string key, object? value, Span<KeyValuePair<string, object?>> all)
    {
        int at = 0;
        while (at < Attributes.Length && string.CompareOrdinal(Attributes[at].Key, key) < 0)
        {
            all[at] = Attributes[at];
            at++;
        }

        all[at] = new(key, value);
        Attributes.AsSpan(at).CopyTo(all[(at + 1)..]);
        return at;
    }
}
