using MemSnoop.Containers;
using MemSnoop.Processes;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// A process with the attributes of its series. Made once for a process and its name: when the name changes, by exec or prctl, its series end and new ones
/// begin. The other attributes can change: its container gets a name, or it is moved.
/// </summary>
internal sealed class WatchedProcess
{
    /// <summary>The greatest number of attributes that are common to all series of a process.</summary>
    internal const int MostAttributes = 7;

    private readonly ProcessLabels _labels;
    private Shown _shown;
    private string? _withheld;
    private bool _hasShown;

    internal WatchedProcess(TrackedProcess process, ProcessLabels labels)
    {
        Process = process;
        Comm = process.Comm;
        _labels = labels;
        _shown = Show(labels.ContainerOf(process));
    }

    /// <summary>The same process under another name.</summary>
    internal WatchedProcess(WatchedProcess before, ProcessLabels labels)
        : this(before.Process, labels)
    {
        (_withheld, _hasShown, Verdict, HasReturned) = (before._withheld, before._hasShown, before.Verdict, before.HasReturned);
    }

    internal TrackedProcess Process { get; }

    internal string Comm { get; }

    internal bool HasLeft => Process.HasLeft;

    /// <summary>The attributes common to all series of the process, in ordinal order. Not to be written to.</summary>
    internal KeyValuePair<string, object?>[] Attributes => Volatile.Read(ref _shown).Attributes;

    /// <summary>What is known of its container.</summary>
    internal NamedContainer Container => Volatile.Read(ref _shown).Container;

    /// <summary>What it belonged to when it was put in a group; null before that.</summary>
    internal Membership? GroupedIn { get; set; }

    /// <summary>Why it is to have no series of its own, in one word, as of the last look; null if it is to have some.</summary>
    internal string? Verdict { get; set; }

    /// <summary>Why it has none in this collection; null if it has some.</summary>
    internal string? Withheld => Volatile.Read(ref _withheld);

    /// <summary>Whether it has series of its own in this collection.</summary>
    internal bool HasSeries => Withheld is null;

    /// <summary>Whether it has had series before, and none in between: what it has counted in between was never told.</summary>
    internal bool HasReturned { get; private set; }

    /// <summary>Whether it may have other attributes now.</summary>
    internal bool MayHaveChanged => !_shown.Container.IsFinal || !ReferenceEquals(_shown.Membership, Process.Membership);

    /// <summary>Gives it the attributes of now. For who begins a collection: all families of a collection say the same.</summary>
    internal void Renew()
    {
        NamedContainer container = _labels.ContainerOf(Process);
        if (container != _shown.Container || !ReferenceEquals(_shown.Membership, Process.Membership))
        {
            Volatile.Write(ref _shown, Show(container));
        }
    }

    /// <summary>Lets the collection show what was decided last: all of its families have the same processes.</summary>
    internal void ShowVerdict()
    {
        HasReturned |= _hasShown && Verdict is not null;
        _hasShown |= Verdict is null;
        Volatile.Write(ref _withheld, Verdict);
    }

    /// <summary>Withholds series until a collection begins that may show them.</summary>
    internal void Withhold(string reason) => _withheld = reason;

    private Shown Show(NamedContainer container) => new(Process.Membership, container, _labels.Attributes(Process, container));

    /// <summary>Copies the common attributes of a process and one more, in ordinal order, so that no exporter has to sort them.</summary>
    /// <returns>The position of the one.</returns>
    internal static int CopyWith(KeyValuePair<string, object?>[] attributes, string key, object? value, Span<KeyValuePair<string, object?>> all)
    {
        int at = 0;
        while (at < attributes.Length && string.CompareOrdinal(attributes[at].Key, key) < 0)
        {
            all[at] = attributes[at];
            at++;
        }

        all[at] = new(key, value);
        attributes.AsSpan(at).CopyTo(all[(at + 1)..]);
        return at;
    }

    /// <summary>What the series show, replaced as a whole: the passes read it on another thread.</summary>
    private sealed record Shown(Membership Membership, NamedContainer Container, KeyValuePair<string, object?>[] Attributes);
}
