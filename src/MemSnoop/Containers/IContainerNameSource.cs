namespace MemSnoop.Containers;

/// <summary>Who knows the names of the containers on this node.</summary>
internal interface IContainerNameSource
{
    /// <summary>Its word in metrics and log: <c>log_links</c>, <c>kubelet</c>.</summary>
    string Name { get; }
}

/// <summary>A source that is asked when something is not known.</summary>
internal interface IReadNameSource : IContainerNameSource
{
    /// <summary>The shortest time between the beginnings of two readings.</summary>
    TimeSpan Pause { get; }

    /// <summary>Reads what it knows now. Does not throw but when it is cancelled.</summary>
    Task<NameAnswer> ReadAsync(CancellationToken cancellation);
}

/// <summary>A source that tells by itself what it knows, from the beginning on and with every change.</summary>
internal interface IWatchedNameSource : IContainerNameSource
{
    /// <summary>Listens to it until it is cancelled. Does not end or throw otherwise.</summary>
    /// <param name="tell">Hears all that it knows whenever that has changed, and what is wrong whenever it cannot tell.</param>
    /// <param name="cancellation">Ends it.</param>
    Task WatchAsync(Action<NameAnswer> tell, CancellationToken cancellation);
}

/// <summary>How a reading of names ended.</summary>
/// <param name="Catalogue">What the source said; null if nothing of use.</param>
/// <param name="Reason">One word for metrics: <c>ok</c>, or what is wrong.</param>
/// <param name="Explanation">A sentence for the log.</param>
internal readonly record struct NameAnswer(NameCatalogue? Catalogue, string Reason, string Explanation)
{
    internal const string Ok = "ok";

    internal static NameAnswer Of(NameCatalogue catalogue, string explanation) => new(catalogue, Ok, explanation);

    internal static NameAnswer Nothing(string reason, string explanation) => new(null, reason, explanation);
}
