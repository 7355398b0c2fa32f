using MemSnoop.WorkingSets;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// Memory that was accessed after it had been idle. It is counted in the passes of the working sets: their cost is its cost, and their windows are its windows.
/// </summary>
/// <param name="name">The measurement's name.</param>
/// <param name="method">How it is known.</param>
/// <param name="windows">The windows; null when another method measures them, or none.</param>
internal sealed class SampledReaccesses(string name, string method, WorkingSetWindows? windows)
    : SampledMeasurement(name, windows is null ? new MethodState(method, MethodState.Unavailable, "no_page_idle") : MethodState.Works(method)), IProcessSamples<ReaccessedSample>
{
    /// <inheritdoc/>
    public object Gate { get; } = windows?.Gate ?? new object();

    /// <inheritdoc/>
    public ArraySegment<ProcessSample<ReaccessedSample>> Current() => windows?.Shown().Reaccessed ?? [];

    /// <summary>What the processes of each container have accessed again, as of the last pass.</summary>
    internal ContainerSample<ReaccessedSample>[] Containers => windows?.Shown().GroupsReaccessed ?? [];

    /// <inheritdoc/>
    internal override bool? Succeeded => windows?.Shown().Succeeded;

    /// <summary>Has each process kept, and not containers alone.</summary>
    internal void KeepProcesses()
    {
        if (windows is not null)
        {
            windows.KeepsReaccessesOfProcesses = true;
        }
    }

    /// <summary>Each age begins when it is known, not with the process, and that moment is not kept.</summary>
    internal override bool TryGetCreatedTime(ReadOnlySpan<KeyValuePair<string, object?>> attributes, out double? created)
    {
        created = null;
        return true;
    }
}
