using MemSnoop.Containers;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// Selects containers by namespace, pod, labels of the pod, and name or id. Kinds narrow each other; several patterns of one kind widen it. A container whose names are not known yet is looked
/// for, and selected when they are: processes that are not selected are considered again and again.
/// </summary>
internal sealed class ContainerSelection(ProcessesOptions options, ContainerNaming naming)
{
    private readonly Func<string, bool>[] _namespaces = [.. options.Namespaces.Select(Selections.NameMatcher)];
    private readonly Func<string, bool>[] _pods = [.. options.Pods.Select(Selections.NameMatcher)];
    private readonly LabelSelector[] _labels = [.. options.PodLabels.Select(SelectorOf)];
    private readonly Func<string, bool>[] _containers = [.. options.Containers.Select(Selections.NameMatcher)];

    /// <summary>Whether a process with this name, in this container, is selected.</summary>
    internal bool Matches(ContainerIdentity container, string comm)
    {
        if (ReferenceEquals(container, ContainerIdentity.None))
        {
            return false;
        }

        NamedContainer named = naming.Find(container, comm);
        return Any(_namespaces, named.Names.Namespace) && Any(_pods, named.Names.Pod) && AnyLabels(container) && (Any(_containers, named.Names.Container) || Any(_containers, named.Id));
    }

    // Labels that are not known are not labels that are missing: "tier!=cache" says nothing of them.
    private bool AnyLabels(ContainerIdentity container)
    {
        if (_labels.Length == 0)
        {
            return true;
        }

        if (naming.LabelsOf(container) is { } labels)
        {
            foreach (LabelSelector selector in _labels)
            {
                if (selector.IsMatch(labels))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static LabelSelector SelectorOf(string text) =>
        LabelSelector.TryParse(text, out LabelSelector? selector, out string problem) ? selector! : throw new ArgumentException($"{UsageException.Quote(text)}: {problem}", nameof(text));

    // A pattern of stars matches a name that there is, not one that is missing.
    private static bool Any(Func<string, bool>[] patterns, string name) => patterns.Length == 0 || (name.Length > 0 && Array.Exists(patterns, matches => matches(name)));
}
