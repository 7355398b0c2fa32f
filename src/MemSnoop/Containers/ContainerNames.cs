namespace MemSnoop.Containers;

/// <summary>The names that Kubernetes gives to a container. Those that are not known are empty.</summary>
/// <param name="Namespace">The namespace of its pod.</param>
/// <param name="Pod">Its pod.</param>
/// <param name="Container">Its own name within the pod.</param>
internal sealed record ContainerNames(string Namespace, string Pod, string Container)
{
    /// <summary>What cAdvisor calls the container that holds the namespaces of a pod and does nothing else (<c>pause</c>).</summary>
    internal const string PauseContainer = "POD";

    /// <summary>No name is known.</summary>
    internal static readonly ContainerNames None = new("", "", "");
}

/// <summary>The names of what is in a pod and is not named itself.</summary>
/// <param name="Unnamed">Of a container that is not known.</param>
/// <param name="Pause">Of the container that holds the namespaces.</param>
internal sealed record PodNames(ContainerNames Unnamed, ContainerNames Pause)
{
    internal static PodNames Of(string space, string pod) => new(new ContainerNames(space, pod, ""), new ContainerNames(space, pod, ContainerNames.PauseContainer));
}
