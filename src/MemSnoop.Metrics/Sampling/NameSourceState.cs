using MemSnoop.Containers;

namespace MemSnoop.Metrics.Sampling;

/// <summary>A source of names with the last good answer and how the last reading ended. Guarded by who owns it.</summary>
internal sealed class NameSourceState(IContainerNameSource source)
{
    internal IContainerNameSource Source { get; } = source;

    /// <summary>The last good answer. If a source fails, what it has said stays true: ids are not used again.</summary>
    internal NameCatalogue Catalogue { get; private set; } = NameCatalogue.Empty;

    /// <summary>How the last reading ended; null before the first one.</summary>
    internal string? Reason { get; private set; }

    /// <summary>Whether the last reading succeeded.</summary>
    internal bool IsOk => Reason == NameAnswer.Ok;

    /// <summary>When the last reading began; null before the first one.</summary>
    internal long? Begun { get; set; }

    /// <summary>The row of the source among those that tell how they do.</summary>
    internal MethodState State => Reason switch
    {
        null => new(Source.Name, MethodState.Off, "not_read"),
        NameAnswer.Ok => MethodState.Works(Source.Name),
        _ => new(Source.Name, MethodState.Unavailable, Reason),
    };

    /// <summary>Takes an answer; true if the source fares otherwise than before.</summary>
    internal bool Take(NameAnswer answer)
    {
        Catalogue = answer.Catalogue ?? Catalogue;
        bool isNews = Reason != answer.Reason;
        Reason = answer.Reason;
        return isNews;
    }
}
