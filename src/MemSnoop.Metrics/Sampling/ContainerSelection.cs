using MemSnoop.Containers;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// Selects containers by namespace, pod, and name or id. Kinds narrow each other; several patterns of one kind widen it. A container whose names are not known yet is looked
/// for, and selected when they are: processes that are not selected are considered again and again.
/// </summary>
internal sealed class ContainerSelection(ProcessesOptions options, ContainerNaming naming)
{
    private readonly Func<string, bool>[] _namespaces = [.. options.Namespaces.Select(Selections.NameMatcher)];
    private readonly Func<string, bool>[] _pods = [.. options.Pods.Select(Selections.NameMatcher)];
    private readonly Func<string, bool>[] _containers = [.. options.Containers.Select(Selections.NameMatcher)];

    /// <summary>Whether a process with this name, in this container, is selected.</summary>
    internal bool Matches(ContainerIdentity container, string comm)
    {
        if (ReferenceEquals(container, ContainerIdentity.None))
        {
            return false;
        }

        NamedContainer named = naming.Find(container, comm);
        return Any(_namespaces, named.Names.Namespace) && Any(_pods, named.Names.Pod) && (Any(_containers, named.Names.Container) || Any(_containers, named.Id));
    }

    // A pattern of stars matches a name that there is, not one that is missing.
    private static bool Any(Func<string, bool>[] patterns, string name) => patterns.Length == 0 || (name.Length > 0 && Array.Exists(patterns, matches => matches(name)));
}
