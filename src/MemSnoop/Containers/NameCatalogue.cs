namespace MemSnoop.Containers;

/// <summary>The containers and pods of a node as a source of names tells them. Names of a wrong form do not get in.</summary>
internal sealed class NameCatalogue
{
    /// <summary>What nobody has told yet.</summary>
    internal static readonly NameCatalogue Empty = new();

    private readonly Dictionary<string, ContainerNames> _containers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PodNames> _pods = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyDictionary<string, string>> _labels = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ulong> _memoryRequests = new(StringComparer.Ordinal);

    /// <summary>How many containers it has.</summary>
    internal int Count => _containers.Count;

    /// <summary>The names of a container by its id, or null.</summary>
    internal ContainerNames? Find(string containerId) => _containers.GetValueOrDefault(containerId);

    /// <summary>The names of a pod by its uid, or null.</summary>
    internal PodNames? FindPod(string uid) => _pods.GetValueOrDefault(uid);

    /// <summary>The labels of a pod by its uid or by the id of one of its containers, or null if they are not known.</summary>
    internal IReadOnlyDictionary<string, string>? FindLabels(string id) => _labels.GetValueOrDefault(id);

    /// <summary>How much memory a container asks for by its id, in bytes; null if it does not, or it is not told.</summary>
    internal ulong? FindMemoryRequest(string containerId) => _memoryRequests.TryGetValue(containerId, out ulong bytes) ? bytes : null;

    internal void AddContainer(string? id, string? space, string? pod, string? container)
    {
        if (KubernetesName.IsContainerId(id) && KubernetesName.IsLabel(space) && KubernetesName.IsSubdomain(pod) && KubernetesName.IsLabel(container))
        {
            _containers[id!] = new ContainerNames(space!, pod!, container!);
        }
    }

    /// <summary>Adds the container that holds the namespaces of a pod.</summary>
    internal void AddPause(string? id, string? space, string? pod)
    {
        if (KubernetesName.IsContainerId(id) && KubernetesName.IsLabel(space) && KubernetesName.IsSubdomain(pod))
        {
            _containers[id!] = PodNames.Of(space!, pod!).Pause;
        }
    }

    internal void AddPod(string? uid, string? space, string? pod)
    {
        if (KubernetesName.IsPodUid(uid) && KubernetesName.IsLabel(space) && KubernetesName.IsSubdomain(pod))
        {
            _pods[uid!] = PodNames.Of(space!, pod!);
        }
    }

    internal void AddMemoryRequest(string? id, ulong bytes)
    {
        if (KubernetesName.IsContainerId(id))
        {
            _memoryRequests[id!] = bytes;
        }
    }

    /// <param name="id">The uid of the pod, or the id of a container in it.</param>
    /// <param name="labels">The labels of the pod.</param>
    internal void AddLabels(string? id, IReadOnlyDictionary<string, string> labels)
    {
        if (KubernetesName.IsContainerId(id) || KubernetesName.IsPodUid(id))
        {
            _labels[id!] = labels;
        }
    }
}
