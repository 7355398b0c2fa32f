using MemSnoop.Exporter.LocalApi;
using MemSnoop.Kernel;
using MemSnoop.Locks;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.Commands;

/// <summary>Windows that this process measures itself, since no exporter does.</summary>
/// <param name="host">The host and the options.</param>
/// <param name="notes">Takes lines about what it waits for.</param>
internal sealed class OwnWindows(MeasuredHost host, WindowNotes notes)
{
    private readonly TimeProvider _clock = TimeProvider.System;
    private string? _holder;

    private WorkingSetOptions Options => host.Options.WorkingSet;

    /// <summary>Measures one window of each process, all at once. Null when another program measures, which has been said: it helps to wait.</summary>
    /// <param name="processes">The processes.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="isDenied">Whether there is an exporter that this user may not ask.</param>
    /// <param name="end">Ends the windows before their time; what was measured until then is the result.</param>
    /// <exception cref="UsageException">Nothing can be measured here.</exception>
    internal async Task<IReadOnlyList<WindowResult>?> MeasureAsync(IReadOnlyList<TrackedProcess> processes, WssRequest request, bool isDenied, CancellationToken end)
    {
        IReadOnlyList<ProbeResult> support = WorkingSetMethods.Probe(host.Paths);
        if (WorkingSetChoice.FindHolder(Options.Method, support) is { } taken)
        {
            return await WaitAsync(taken, isDenied).ConfigureAwait(false);
        }

        string method = WorkingSetChoice.Choose(Options.Method, support)
            ?? throw new UsageException("wss", "no method works here", "a method that memsnoop check shows as working");
        IWorkingSetEstimator estimator;
        try
        {
            estimator = WorkingSetMethods.Create(method, host.Paths, WorkingSetChoice.Settings(Options) with { Parts = 1 }, _clock);
        }
        catch (MeasuringLockHeldException held)
        {
            return await WaitAsync(held.Message, isDenied).ConfigureAwait(false);
        }

        using (estimator)
        {
            if (request.Ages is { } ages)
            {
                return [await MeasureAgesAsync(estimator, processes[0], request.Window!.Value, ages, end).ConfigureAwait(false)];
            }

            if (request.ByArea)
            {
                return await MeasureAreasAsync(estimator, processes[0], request.Window!.Value, end).ConfigureAwait(false) is { } told ? [told] : await WaitAsync(HolderOf(processes[0]), isDenied).ConfigureAwait(false);
            }

            Sink sink = new();
            estimator.Pass(processes, 0, sink);
            if (request.IsOne && sink.Skips.GetValueOrDefault(processes[0]) == ReadOutcome.InUse)
            {
                return await WaitAsync(HolderOf(processes[0]), isDenied).ConfigureAwait(false);
            }

            IReadOnlyList<TrackedProcess> begun = [.. processes.Where(process => !sink.Skips.ContainsKey(process))];
            if (begun.Count > 0)
            {
                await WarnWithoutLocksAsync().ConfigureAwait(false);
                await Task.Delay(request.Window!.Value, _clock, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                estimator.Pass(begun, 0, sink);
            }

            return [.. processes.Select(process => ResultOf(process, sink, method, end.IsCancellationRequested))];
        }
    }

    /// <summary>Who measures the process, as a sentence. A holder that let go right before it was looked for keeps the name that it had at the look before.</summary>
    internal string HolderOf(TrackedProcess process)
    {
        _holder = MeasuringLock.FindReferencedHolder(host.Paths, process.Identity) ?? _holder;
        return $"{_holder ?? LockHolder.Unknown} measures process {process} too";
    }

    internal static UsageException UnknownAges(string problem) => new("--ages", problem, "a host on which the method page_idle works; see memsnoop check");

    private WindowResult ResultOf(TrackedProcess process, Sink sink, string method, bool isPartial) =>
        sink.Windows.TryGetValue(process, out WorkingSetSample sample)
            ? WindowResult.Of(process, WindowAnswer.Of(process.Identity.Pid, WindowAnswer.Own, method, sample) with { Partial = isPartial ? true : null })
            : WindowResult.Failed(process, sink.Skips.GetValueOrDefault(process, ReadOutcome.ProcessGone), Options);

    private async Task<WindowResult> MeasureAgesAsync(IWorkingSetEstimator estimator, TrackedProcess process, TimeSpan length, IdleAges ages, CancellationToken end)
    {
        using IReaccessRun? begun = estimator.BeginReaccessRun(process, ages, out ReadOutcome outcome);
        if (outcome == ReadOutcome.NotSupported)
        {
            throw UnknownAges($"the method {estimator.Method} does not know which pages were idle");
        }

        if (begun is null)
        {
            return WindowResult.Failed(process, outcome, Options);
        }

        await WarnWithoutLocksAsync().ConfigureAwait(false);
        (outcome, ReaccessRun? run) = await ReaccessRun.MeasureAsync(
            begun, ages, length, static (IReaccessRun run, out WorkingSetSample sample, out ReaccessedSample reaccessed) => run.Turn(out sample, out reaccessed), _clock, end, CancellationToken.None)
            .ConfigureAwait(false);
        return run is null
            ? WindowResult.Failed(process, outcome, Options)
            : WindowResult.Of(process, WindowAnswer.Of(process.Identity.Pid, WindowAnswer.Own, estimator.Method, run.Last) with
            {
                Ages = AgeAnswer.Of(run),
                Partial = end.IsCancellationRequested ? true : null,
            });
    }

    /// <summary>One window with its areas; null if another program measures the process.</summary>
    private async Task<WindowResult?> MeasureAreasAsync(IWorkingSetEstimator estimator, TrackedProcess process, TimeSpan length, CancellationToken end)
    {
        AreaUses areas = new(KernelUnits.Current.PageBytes);
        using IWorkingSetWindow? begun = estimator.BeginWindow(process, areas, out ReadOutcome outcome);
        if (begun is null)
        {
            return outcome == ReadOutcome.InUse ? null : WindowResult.Failed(process, outcome, Options);
        }

        await WarnWithoutLocksAsync().ConfigureAwait(false);
        await Task.Delay(length, _clock, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        outcome = begun.Complete(out WorkingSetSample sample);
        return outcome != ReadOutcome.Success
            ? WindowResult.Failed(process, outcome, Options)
            : WindowResult.Of(process, WindowAnswer.Of(process.Identity.Pid, WindowAnswer.Own, estimator.Method, sample) with
            {
                Areas = AreaAnswer.Of(areas),
                Partial = end.IsCancellationRequested ? true : null,
            });
    }

    private async Task WarnWithoutLocksAsync()
    {
        if (Libc.EffectiveUserId() == 0 && MeasuringLock.WhyMissing(host.Paths) is { } reason)
        {
            await notes.SayAsync($"no locks, so another memsnoop could disturb this window: {reason}").ConfigureAwait(false);
        }
    }

    private async Task<IReadOnlyList<WindowResult>?> WaitAsync(string holder, bool isDenied)
    {
        if (isDenied)
        {
            throw new UsageException("wss", $"{holder}, and only root may ask the exporter", "root");
        }

        await notes.SayAsync($"waiting: {holder}").ConfigureAwait(false);
        return null;
    }

    private sealed class Sink : IWorkingSetSink
    {
        internal Dictionary<TrackedProcess, WorkingSetSample> Windows { get; } = [];

        internal Dictionary<TrackedProcess, ReadOutcome> Skips { get; } = [];

        public void Completed(TrackedProcess process, in WorkingSetSample sample) => Windows[process] = sample;

        public void Skipped(TrackedProcess process, ReadOutcome reason) => Skips[process] = reason;
    }
}
