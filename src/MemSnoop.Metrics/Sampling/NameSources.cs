using MemSnoop.Containers;

namespace MemSnoop.Metrics.Sampling;

/// <summary>What all sources of names know together. Where several know a name, the cheapest counts. For one thread at a time.</summary>
/// <param name="sources">The sources, cheapest first.</param>
internal sealed class NameSources(IReadOnlyList<IContainerNameSource> sources)
{
    private readonly NameSourceState[] _states = [.. sources.Select(static source => new NameSourceState(source))];

    /// <summary>The sources, cheapest first.</summary>
    internal IReadOnlyList<NameSourceState> All => _states;

    /// <summary>The names of a container; null if nobody has told them.</summary>
    internal ContainerNames? Find(string id)
    {
        foreach (NameSourceState state in _states)
        {
            if (state.Catalogue.Find(id) is { } names)
            {
                return names;
            }
        }

        return null;
    }

    /// <summary>The names of a pod; null if nobody has told them.</summary>
    internal PodNames? FindPod(string uid)
    {
        foreach (NameSourceState state in _states)
        {
            if (state.Catalogue.FindPod(uid) is { } names)
            {
                return names;
            }
        }

        return null;
    }

    /// <summary>The labels of the pod that a container is in, or else the container around it; null if nobody has told them.</summary>
    internal IReadOnlyDictionary<string, string>? FindLabels(ContainerIdentity container)
    {
        for (ContainerIdentity? at = container; at is not null; at = at.Outer)
        {
            if ((FindLabels(at.Id) ?? FindLabels(at.PodUid)) is { } labels)
            {
                return labels;
            }
        }

        return null;
    }

    /// <summary>The labels of a pod, by its uid or by the id of one of its containers; null if nobody has told them.</summary>
    internal IReadOnlyDictionary<string, string>? FindLabels(string id)
    {
        foreach (NameSourceState state in _states)
        {
            if (state.Catalogue.FindLabels(id) is { } labels)
            {
                return labels;
            }
        }

        return null;
    }

    /// <summary>How much memory a container asks for, in bytes; null if it does not, or nobody has told.</summary>
    internal ulong? FindMemoryRequest(string id)
    {
        foreach (NameSourceState state in _states)
        {
            if (state.Catalogue.FindMemoryRequest(id) is { } bytes)
            {
                return bytes;
            }
        }

        return null;
    }
}
