using MemSnoop.Containers;
using MemSnoop.Exporter.LocalApi;
using MemSnoop.Exporter.View;
using MemSnoop.Kernel;
using MemSnoop.Locks;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;
using Microsoft.Extensions.Logging.Abstractions;

namespace MemSnoop.Exporter.Commands;

/// <summary>
/// The containers of the host, once: their control groups, and what of their memory was used within a window. If an exporter runs, that is its last one: two that measure would
/// end each other's windows. Without an exporter this process measures one, if the host can.
/// </summary>
/// <param name="host">The host and the options.</param>
/// <param name="error">Takes a line about what is not known.</param>
internal sealed class AllContainers(MeasuredHost host, TextWriter error)
{
    private readonly TimeProvider _clock = TimeProvider.System;

    /// <summary>Reads them; those that are charged most come first.</summary>
    /// <param name="window">The length of the window; null for the exporter's last one, or none.</param>
    /// <param name="stop">Gives it up.</param>
    internal async Task<ContainersAnswer> ReadAsync(TimeSpan? window, CancellationToken stop)
    {
        ContainerNaming naming = ContainerNaming.From(host.Options.Containers, wantsLabels: false, _clock, NullLogger.Instance);
        using (naming)
        {
            naming.Begin();
            ContainersAnswer used = await AskAsync(window, naming, stop).ConfigureAwait(false);
            return used with { Containers = await AddCgroupsAsync(used.Containers, naming, stop).ConfigureAwait(false) };
        }
    }

    private async Task<ContainersAnswer> AskAsync(TimeSpan? window, ContainerNaming naming, CancellationToken stop)
    {
        using LocalApiClient exporter = new(host.Paths);
        (ContainersAnswer? answer, RefusalAnswer? refusal) = await exporter.AskContainersAsync(stop).ConfigureAwait(false);
        if (answer is not null)
        {
            if (window is not null)
            {
                await SayAsync("the exporter measures, so this is its last window").ConfigureAwait(false);
            }

            if (answer.Reason is { } reason)
            {
                await SayAsync($"what is used is not known, or not of all kinds: {reason}").ConfigureAwait(false);
            }

            return answer;
        }

        if (refusal is not null and not { Reason: "no_method" or "no_containers" or "stopping" })
        {
            return await NothingAsync(refusal.Reason, refusal.Error).ConfigureAwait(false);
        }

        if (exporter.IsDenied)
        {
            return await NothingAsync("denied", "only root may ask the exporter").ConfigureAwait(false);
        }

        return window is { } length
            ? await MeasureAsync(length, naming, stop).ConfigureAwait(false)
            : await NothingAsync(
                "no_window", refusal is not null ? $"{refusal.Error}; the length of a window measures one" : "no exporter runs here that has a window; the length of a window measures one").ConfigureAwait(false);
    }

    /// <summary>Measures a window without an exporter.</summary>
    private async Task<ContainersAnswer> MeasureAsync(TimeSpan window, ContainerNaming naming, CancellationToken stop)
    {
        ProbeResult support = PageIdleEstimator.Probe(host.Paths);
        if (!support.IsSupported)
        {
            return await NothingAsync(support.Reason == ProbeResult.InUse ? support.Reason : "no_page_idle", support.Explanation).ConfigureAwait(false);
        }

        using ProcessTable table = new(
            host.Paths, new ProcessSelection { All = true, MaxProcesses = int.MaxValue }, host.Budget, _clock, wantsCgroup: true);
        EstimatorOptions settings = WorkingSetChoice.Settings(host.Options.WorkingSet) with { Parts = 1, ContainerOf = path => ContainerOf(naming, path) };
        IWorkingSetEstimator estimator;
        try
        {
            estimator = WorkingSetMethods.Create(PageIdleEstimator.MethodName, host.Paths, settings, _clock);
        }
        catch (MeasuringLockHeldException held)
        {
            return await NothingAsync(ProbeResult.InUse, held.Message).ConfigureAwait(false);
        }

        using (estimator)
        {
            // What programs read by descriptor of files that they map is known of their processes alone.
            Used sink = new();
            estimator.Pass(InContainers(table), 0, sink);
            await Task.Delay(window, _clock, stop).ConfigureAwait(false);
            estimator.Pass(InContainers(table), 0, sink);
            ContainerMemoryState state = estimator.ContainerMemory;
            if (!state.IsMeasured())
            {
                return await NothingAsync(state.ToReason(), $"what is charged to containers cannot be measured ({state.ToReason()})").ConfigureAwait(false);
            }

            if (state == ContainerMemoryState.WithoutReads)
            {
                await SayAsync("the use of page cache that nobody maps leaves no trace here (multi-generational LRU), so what was used has two bounds").ConfigureAwait(false);
            }

            return new ContainersAnswer
            {
                Source = WindowAnswer.Own, Reason = state == ContainerMemoryState.Measured ? null : state.ToReason(), Containers = sink.Containers,
            };
        }
    }

    private static TrackedProcess[] InContainers(ProcessTable table)
    {
        table.Refresh();
        return [.. table.Watched.Where(static process => process.Membership.Container != ContainerIdentity.None)];
    }

    /// <summary>Adds what control groups say, and the containers that have nothing but that. A container without a group has ended.</summary>
    private async Task<ContainerAnswer[]> AddCgroupsAsync(IReadOnlyList<ContainerAnswer> used, ContainerNaming naming, CancellationToken stop)
    {
        List<(ContainerIdentity Identity, ContainerCgroupSample Sample)> groups = [];
        using (ContainerCgroupMeasurement measurement = new(host.Paths, path => ContainerOf(naming, path)))
        {
            if (!measurement.Begin())
            {
                await SayAsync("usage and limits are not known: the host's control groups with the memory controller cannot be seen").ConfigureAwait(false);
                return [.. used];
            }

            foreach ((string container, byte[] path) in measurement.Containers)
            {
                if (measurement.Measure(path, out ContainerCgroupSample sample) != ReadOutcome.ProcessGone && groups.TrueForAll(group => group.Identity.Id != container))
                {
                    groups.Add((ContainerIdentity.OfPath(System.Text.Encoding.UTF8.GetString(path.AsSpan(1, path.Length - 2))), sample));
                }
            }
        }

        if (groups.Count == 0)
        {
            await SayAsync("no container runs here: no control group has the id of one").ConfigureAwait(false);
        }

        // Whoever asks for a name that is not known has it looked for in the next round.
        groups.ForEach(group => naming.Find(group.Identity, ""));
        await naming.ReadOnceAsync(stop).ConfigureAwait(false);
        Dictionary<string, ContainerAnswer> known = used.ToDictionary(static container => container.ContainerId, StringComparer.Ordinal);
        return
        [
            .. groups.Select(group =>
            {
                NamedContainer named = naming.Find(group.Identity, "");
                ContainerAnswer container = known.GetValueOrDefault(named.Id) ?? new ContainerAnswer { ContainerId = named.Id };
                return (container.Pod.Length > 0 ? container : container.With(named.Names)).With(group.Sample);
            }).OrderByDescending(static container => container.UsageBytes ?? container.HeldBytes),
        ];
    }

    private static string? ContainerOf(ContainerNaming naming, string path) => naming.IdOf(ContainerIdentity.OfPath(path)) is { Length: > 0 } id ? id : null;

    private async Task<ContainersAnswer> NothingAsync(string reason, string explanation)
    {
        await SayAsync($"what is held, used and idle is not known: {explanation}").ConfigureAwait(false);
        return new ContainersAnswer { Reason = reason, Containers = [] };
    }

    private Task SayAsync(string line) => error.WriteLineAsync($"memsnoop: {UsageException.OneLine(line)}");

    private sealed class Used : IWorkingSetSink
    {
        internal List<ContainerAnswer> Containers { get; } = [];

        public void Completed(TrackedProcess process, in WorkingSetSample sample)
        {
        }

        public void Skipped(TrackedProcess process, ReadOutcome reason)
        {
        }

        void IWorkingSetSink.ContainerCompleted(string container, in ContainerMemorySample sample) => Containers.Add(ContainerAnswer.Of(container, ContainerNames.None, sample));
    }
}
