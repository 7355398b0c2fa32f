using MemSnoop.Exporter.LocalApi;
using MemSnoop.Exporter.View;
using MemSnoop.Kernel;
using MemSnoop.Locks;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.Commands;

/// <summary>
/// One window of one process, from whoever may measure it: the exporter, if one runs, else this process, once nobody else takes the same accessed bits. It is
/// never refused because another measures, and never a second reader.
/// </summary>
/// <param name="process">The process.</param>
/// <param name="host">The host and the options.</param>
/// <param name="error">Takes lines about what it waits for.</param>
internal sealed class OneWindow(TrackedProcess process, MeasuredHost host, TextWriter error)
{
    // Between two looks whether another has ended. Short beside any window.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    private readonly TimeProvider _clock = TimeProvider.System;
    private string? _said;
    private string? _holder;

    private WorkingSetOptions Options => host.Options.WorkingSet;

    /// <summary>The last window that the exporter has.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    internal async Task<WindowAnswer> LastAsync(CancellationToken stop)
    {
        using LocalApiClient exporter = new(host.Paths);
        (WindowAnswer? answer, RefusalAnswer? refusal) = await exporter.AskAsync(new WindowRequest(process.Identity, null), stop).ConfigureAwait(false);
        return answer ?? throw (refusal is not null
            ? new UsageException("PID", refusal.Error, "the length of a window to measure, as in memsnoop wss 1234 10")
            : new UsageException(
                "SECONDS", exporter.IsDenied ? "is missing, and only root may ask the exporter for its last window" : "is missing, and no exporter runs here that has a last window",
                "the length of the window, as in memsnoop wss 1234 10"));
    }

    /// <summary>A window of this length from now on; with ages as many windows as fit into it, and what is accessed again in them.</summary>
    /// <exception cref="UsageException">It cannot be measured.</exception>
    internal async Task<WindowAnswer> MeasureAsync(TimeSpan window, IdleAges? ages, CancellationToken stop)
    {
        using LocalApiClient exporter = new(host.Paths);
        while (true)
        {
            (WindowAnswer? answer, RefusalAnswer? refusal) = await exporter.AskAsync(new WindowRequest(process.Identity, window, ages), stop).ConfigureAwait(false);
            if (answer is not null)
            {
                if (ages is not null && answer.Ages is null)
                {
                    throw new UsageException("--ages", "the exporter that runs is of another version, and does not tell them", "an exporter of this version");
                }

                await NoteAsync(answer.Method).ConfigureAwait(false);
                return answer;
            }

            if (refusal is { Reason: "in_use" })
            {
                await SayAsync($"waiting: {HolderOfTarget()}").ConfigureAwait(false);
            }
            else if (ages is not null && refusal is { Reason: "not_supported" })
            {
                throw UnknownAges(refusal.Error);
            }
            else if (refusal is { Reason: not ("no_method" or "stopping" or "gone") })
            {
                throw new UsageException("PID", refusal.Error, "a process that the exporter can measure");
            }
            else
            {
                answer = await TryMeasureAsync(window, ages, exporter.IsDenied, stop).ConfigureAwait(false);
                if (answer is not null)
                {
                    return answer;
                }
            }

            await Task.Delay(Patience, _clock, stop).ConfigureAwait(false);
        }
    }

    /// <summary>Measures without an exporter; null when another program measures, which has been said.</summary>
    private async Task<WindowAnswer?> TryMeasureAsync(TimeSpan window, IdleAges? ages, bool isDenied, CancellationToken stop)
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
            estimator = WorkingSetMethods.Create(method, host.Paths, WorkingSetChoice.Settings(Options), _clock);
        }
        catch (MeasuringLockHeldException held)
        {
            return await WaitAsync(held.Message, isDenied).ConfigureAwait(false);
        }

        using (estimator)
        {
            if (ages is not null)
            {
                return await MeasureAgesAsync(estimator, window, ages, stop).ConfigureAwait(false);
            }

            OneProcess sink = new();
            estimator.Pass([process], 0, sink);
            if (sink.Outcome == ReadOutcome.InUse)
            {
                return await WaitAsync(HolderOfTarget(), isDenied).ConfigureAwait(false);
            }

            Require(sink.Outcome);
            await WarnWithoutLocksAsync().ConfigureAwait(false);
            await Task.Delay(window, _clock, stop).ConfigureAwait(false);
            estimator.Pass([process], 0, sink);
            Require(sink.Outcome);
            return sink.Sample is { } sample
                ? WindowAnswer.Of(process.Identity.Pid, WindowAnswer.Own, method, sample)
                : throw new UsageException("PID", $"process {process} ended before its window", "a process that runs longer");
        }
    }

    private async Task<WindowAnswer> MeasureAgesAsync(IWorkingSetEstimator estimator, TimeSpan length, IdleAges ages, CancellationToken stop)
    {
        using IReaccessRun? begun = estimator.BeginReaccessRun(process, ages, out ReadOutcome outcome);
        if (outcome == ReadOutcome.NotSupported)
        {
            throw UnknownAges($"the method {estimator.Method} does not know which pages were idle");
        }

        Require(outcome);
        await WarnWithoutLocksAsync().ConfigureAwait(false);
        (outcome, ReaccessRun? run) = await ReaccessRun.MeasureAsync(
            begun!, ages, length, static (IReaccessRun run, out WorkingSetSample sample, out ReaccessedSample reaccessed) => run.Turn(out sample, out reaccessed), _clock, stop)
            .ConfigureAwait(false);
        Require(outcome);
        return WindowAnswer.Of(process.Identity.Pid, WindowAnswer.Own, estimator.Method, run!.Last) with { Ages = AgeAnswer.Of(run) };
    }

    private static UsageException UnknownAges(string problem) => new("--ages", problem, "a host on which the method page_idle works; see memsnoop check");

    private async Task WarnWithoutLocksAsync()
    {
        if (Libc.EffectiveUserId() == 0 && MeasuringLock.WhyMissing(host.Paths) is { } reason)
        {
            await SayAsync($"no locks, so another memsnoop could disturb this window: {reason}").ConfigureAwait(false);
        }
    }

    /// <summary>Resident memory and its proportional share. After the window, not in it: the walk over the page tables would stall the target.</summary>
    internal WindowAnswer WithMemory(WindowAnswer window)
    {
        Require(new SmapsMeasurement().Measure(process, out MappingSample memory));
        return window with { RssBytes = memory.ResidentBytes, PssBytes = memory.ProportionalBytes };
    }

    private async Task<WindowAnswer?> WaitAsync(string holder, bool isDenied)
    {
        if (isDenied)
        {
            throw new UsageException("wss", $"{holder}, and only root may ask the exporter", "root");
        }

        await SayAsync($"waiting: {holder}").ConfigureAwait(false);
        return null;
    }

    /// <summary>Who measures the process, as a sentence. A holder that let go right before it was looked for keeps the name that it had at the look before.</summary>
    private string HolderOfTarget()
    {
        _holder = MeasuringLock.FindReferencedHolder(host.Paths, process.Identity) ?? _holder;
        return $"{_holder ?? LockHolder.Unknown} measures process {process} too";
    }

    /// <summary>The exporter measures in one way for all: what was asked of this command otherwise is not done, and that is said.</summary>
    private async Task NoteAsync(string method)
    {
        if (Options.Method != WorkingSetMethod.Auto && WorkingSetChoice.NameOf(Options.Method) != method)
        {
            await SayAsync($"the exporter measures by {method}, not by {WorkingSetChoice.NameOf(Options.Method)}").ConfigureAwait(false);
        }

        if (Options.Areas != Paging.AreaFilter.All)
        {
            await SayAsync("the exporter measured, with the areas of its own configuration").ConfigureAwait(false);
        }
    }

    private async Task SayAsync(string line)
    {
        // Once for each cause, not for each look.
        if (_said != line)
        {
            _said = line;
            await error.WriteLineAsync($"memsnoop: {UsageException.OneLine(line)}").ConfigureAwait(false);
        }
    }

    private void Require(ReadOutcome outcome)
    {
        if (outcome != ReadOutcome.Success)
        {
            throw outcome switch
            {
                ReadOutcome.ProcessGone => new UsageException("PID", $"process {process} ended before its window", "a process that runs longer"),
                ReadOutcome.Denied => new UsageException("PID", $"the kernel does not let this user read process {process}", "root, or a process of this user"),
                ReadOutcome.TooLarge => new UsageException(
                    "PID",
                    $"process {process} holds more than {Options.ReferencedMaxResident}, and the referenced method would stall it",
                    "a smaller process, or a larger --referenced-max-resident"),
                ReadOutcome.WouldStall => new UsageException(
                    "PID", $"the referenced method would hold process {process} up for longer than {Duration.Format(Options.MaxStall)}", "a smaller process, or a larger --max-stall"),
                _ => new UsageException("PID", $"process {process} cannot be measured ({outcome.ToReason()})", "what memsnoop check lists as working"),
            };
        }
    }

    private sealed class OneProcess : IWorkingSetSink
    {
        internal ReadOutcome Outcome { get; private set; }

        internal WorkingSetSample? Sample { get; private set; }

        public void Completed(TrackedProcess process, in WorkingSetSample sample) => Sample = sample;

        public void Skipped(TrackedProcess process, ReadOutcome reason) => Outcome = reason;
    }
}
