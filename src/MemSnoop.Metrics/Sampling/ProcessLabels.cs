using MemSnoop.Containers;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Processes;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// Which labels say what a process belongs to, and their values. Which ones there are is decided at the start and stays so: a label that comes or goes makes other series
/// of all.
/// </summary>
/// <param name="naming">Knows the names of containers; null if there are no labels for them.</param>
/// <param name="withUnit">Whether there is a label for the unit of systemd.</param>
internal sealed class ProcessLabels(ContainerNaming? naming, bool withUnit)
{
    /// <summary>The process is all that there is to say.</summary>
    internal static ProcessLabels None { get; } = new(null, withUnit: false);

    /// <summary>Whether the control groups of processes have to be read.</summary>
    internal bool NeedCgroups => HasContainers || withUnit;

    /// <summary>Whether there are labels for containers.</summary>
    internal bool HasContainers => naming is not null;

    /// <summary>Whether series have labels for containers, by the options and the host.</summary>
    internal static bool WantContainers(MeasuredHost host) => host.Options.Processes.ContainerLabels
        ?? (host.Options.Processes.SelectsContainers || (!IsAlone(host) && HostSearch.HasContainers(host.Paths)));

    /// <summary>Whether series have a label for the unit, by the options and the host.</summary>
    internal static bool WantUnit(MeasuredHost host) => host.Options.Processes.UnitLabel
        ?? (host.Options.Processes.Units.Count > 0 || (!IsAlone(host) && HostSearch.HasSystemd(host.Paths)));

    /// <summary>What is known of the container of a process.</summary>
    internal NamedContainer ContainerOf(TrackedProcess process) => naming?.Find(process.Membership.Container, process.Comm) ?? NamedContainer.None;

    /// <summary>The id by which the memory of a process is summed up with that of others; null outside containers.</summary>
    internal string? GroupOf(TrackedProcess process) => naming?.IdOf(process.Membership.Container) is { Length: > 0 } id ? id : null;

    /// <summary>The id of the container in which a control group lies, by the group's path from the root of its hierarchy; null outside containers.</summary>
    internal string? ContainerOf(string path) => naming?.IdOf(ContainerIdentity.OfPath(path)) is { Length: > 0 } id ? id : null;

    /// <summary>How much memory a container asks for, in bytes; null if it does not, or no source of names has told.</summary>
    internal ulong? MemoryRequestOf(string containerId) => naming?.MemoryRequestOf(containerId);

    /// <summary>The attributes of a process in ordinal order.</summary>
    internal KeyValuePair<string, object?>[] Attributes(TrackedProcess process, in NamedContainer container) => (HasContainers, withUnit) switch
    {
        (false, false) => [new("comm", process.Comm), new("pid", process.Identity.Pid)],
        (false, true) => [new("comm", process.Comm), new("pid", process.Identity.Pid), new("unit", process.Membership.Unit)],
        (true, false) =>
        [
            new("comm", process.Comm), new("container", container.Names.Container), new("container_id", container.Id), new("namespace", container.Names.Namespace),
            new("pid", process.Identity.Pid), new("pod", container.Names.Pod),
        ],
        (true, true) =>
        [
            new("comm", process.Comm), new("container", container.Names.Container), new("container_id", container.Id), new("namespace", container.Names.Namespace),
            new("pid", process.Identity.Pid), new("pod", container.Names.Pod), new("unit", process.Membership.Unit),
        ],
    };

    /// <summary>An application that measures itself knows where it runs, and says so once, as a resource.</summary>
    private static bool IsAlone(MeasuredHost host) => host.Options.Processes is { WatchesItself: true, HasSelection: false };
}
