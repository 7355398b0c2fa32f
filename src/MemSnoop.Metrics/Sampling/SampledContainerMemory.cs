using MemSnoop.WorkingSets;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// The memory that is charged to containers. It is measured in the passes of the working sets: their cost is its cost, and their windows are its windows.
/// </summary>
/// <param name="name">The measurement's name.</param>
/// <param name="file">The kernel file by which it is measured.</param>
/// <param name="workingSets">The windows and what measures them; null when no working sets are measured.</param>
/// <param name="logger">Where a change of state is told.</param>
internal sealed partial class SampledContainerMemory(
    string name, string file, (WorkingSetWindows Windows, IWorkingSetEstimator Estimator)? workingSets, ILogger<SampledContainerMemory> logger)
    : SampledMeasurement(name)
{
    private ContainerMemoryState? _told;

    private ContainerMemoryState State => workingSets?.Estimator.ContainerMemory ?? ContainerMemoryState.Off;

    /// <inheritdoc/>
    internal override IEnumerable<MethodState> Methods => [StateOf(State)];

    /// <inheritdoc/>
    internal override bool? Succeeded => State.IsMeasured() ? workingSets?.Windows.Shown().Succeeded : State == ContainerMemoryState.Off ? null : false;

    /// <inheritdoc/>
    internal override IEnumerable<KeyValuePair<string, long>> ShownSkips => workingSets?.Windows.Shown().ContainerSkips ?? [];

    /// <summary>What each container holds, as of the last pass.</summary>
    internal ContainerSample<ContainerMemorySample>[] Containers => workingSets?.Windows.Shown().Containers ?? [];

    /// <summary>Notes the end of a pass; says in the log when something has changed.</summary>
    internal void EndPass()
    {
        ContainerMemoryState state = State;
        if (state == _told)
        {
            return;
        }

        bool isFirst = _told is null;
        _told = state;
        switch (state)
        {
            case ContainerMemoryState.Measured when !isFirst:
                Complete();
                break;
            case ContainerMemoryState.WithoutReads:
                WithoutReads();
                break;
            case not (ContainerMemoryState.Measured or ContainerMemoryState.Off):
                string reason = state.ToReason();
                NotMeasured(reason);
                break;
        }
    }

    private MethodState StateOf(ContainerMemoryState state) =>
        state == ContainerMemoryState.Off
            ? new(file, MethodState.Unavailable, "no_page_idle")
            : new(file, state.IsMeasured() ? MethodState.On : MethodState.Unavailable, state.ToReason());

    [LoggerMessage(Level = LogLevel.Information, Message = "memory charged to containers is measured, of all kinds")]
    private partial void Complete();

    [LoggerMessage(Level = LogLevel.Information, Message = "memory charged to containers is measured; the multi-generational LRU is on, so the use of page cache that nobody maps is not seen")]
    private partial void WithoutReads();

    [LoggerMessage(Level = LogLevel.Warning, Message = "memory charged to containers is not measured: {Reason}")]
    private partial void NotMeasured(string reason);
}
