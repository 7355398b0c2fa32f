using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// Which processes are new, and when to look at each between the passes: first as soon as it is seen, then after one period, and each time twice as long after the
/// look before, until a pass ends a window of it. Of a process that lives for 20 s, and is seen at 4 s or before, there are two windows with a period of 4 s.
/// </summary>
/// <param name="period">The time between two looks for new processes.</param>
/// <param name="sink">What the windows go to.</param>
internal sealed class Newcomers(TimeSpan period, IWorkingSetSink sink) : IWorkingSetSink
{
    private readonly Dictionary<TrackedProcess, Wait> _processes = [];
    private readonly List<TrackedProcess> _due = [];
    private TimeSpan _now;
    private long _pass;
    private bool _isGlance;

    /// <summary>Begins a pass over these processes, or one part of it: it begins the windows of all that are new.</summary>
    internal void BeginPass(IReadOnlyList<TrackedProcess> watched, TimeSpan now, bool isNew)
    {
        _now = now;
        _isGlance = false;
        _pass += isNew ? 1 : 0;
        for (int i = 0; i < watched.Count; i++)
        {
            ref Wait wait = ref CollectionsMarshal.GetValueRefOrAddDefault(_processes, watched[i], out bool isKnown);
            wait = isKnown ? wait with { Pass = _pass } : new Wait(_pass == 1 ? TimeSpan.MinValue : now, now + period, period, _pass, IsKnown: false);
        }
    }

    /// <summary>Ends a pass: forgets the processes that it was not over.</summary>
    internal void EndPass()
    {
        foreach ((TrackedProcess process, Wait wait) in _processes)
        {
            if (wait.Pass != _pass)
            {
                _processes.Remove(process);
            }
        }
    }

    /// <summary>Takes note of processes that are watched now; the new ones are due at once.</summary>
    internal void Notice(IReadOnlyList<TrackedProcess> watched, TimeSpan now)
    {
        for (int i = 0; i < watched.Count; i++)
        {
            ref Wait wait = ref CollectionsMarshal.GetValueRefOrAddDefault(_processes, watched[i], out bool isKnown);
            if (!isKnown)
            {
                wait = new Wait(now, now, period, _pass, IsKnown: false);
            }
        }
    }

    /// <summary>The processes to look at now; valid until the next call.</summary>
    /// <param name="now">The time.</param>
    /// <param name="untilPass">When the next pass comes: it is left to it to look at a process if it does so soon enough.</param>
    internal IReadOnlyList<TrackedProcess> BeginGlance(TimeSpan now, TimeSpan untilPass)
    {
        _now = now;
        _isGlance = true;
        _due.Clear();

        // Looks come at multiples of the period, some a little early.
        TimeSpan soon = now + (period / 4);
        foreach ((TrackedProcess process, Wait wait) in _processes)
        {
            if (!wait.IsKnown && wait.Due <= soon && untilPass >= wait.Time / 2 && !process.HasLeft)
            {
                _due.Add(process);
            }
        }

        // What has no window to end only begins one.
        foreach (TrackedProcess process in _due)
        {
            ref Wait wait = ref CollectionsMarshal.GetValueRefOrNullRef(_processes, process);
            wait = wait with { Due = now + wait.Time };
        }

        return _due;
    }

    /// <inheritdoc/>
    public void Completed(TrackedProcess process, in WorkingSetSample sample)
    {
        ref Wait wait = ref CollectionsMarshal.GetValueRefOrNullRef(_processes, process);
        if (!Unsafe.IsNullRef(ref wait) && !wait.IsKnown)
        {
            wait = wait with { Time = wait.Time * 2, Due = _now + (wait.Time * 2), IsKnown = !_isGlance && _now - (4 * period) >= wait.Since };
        }

        sink.Completed(process, sample);
    }

    /// <inheritdoc/>
    public void GroupCompleted(string group, in WorkingSetSample sample) => sink.GroupCompleted(group, sample);

    /// <inheritdoc/>
    void IWorkingSetSink.ContainerCompleted(string container, in ContainerMemorySample sample) => sink.ContainerCompleted(container, sample);

    /// <inheritdoc/>
    void IWorkingSetSink.ContainerSkipped(string container, ReadOutcome reason) => sink.ContainerSkipped(container, reason);

    /// <inheritdoc/>
    void IWorkingSetSink.Reaccessed(TrackedProcess process, in ReaccessedSample sample) => sink.Reaccessed(process, sample);

    /// <inheritdoc/>
    void IWorkingSetSink.GroupReaccessed(string group, in ReaccessedSample sample) => sink.GroupReaccessed(group, sample);

    /// <inheritdoc/>
    public void Skipped(TrackedProcess process, ReadOutcome reason)
    {
        ref Wait wait = ref CollectionsMarshal.GetValueRefOrNullRef(_processes, process);
        if (!Unsafe.IsNullRef(ref wait))
        {
            // A new program (exec) begins anew. What is denied, or too large, stays so: the next pass will see.
            wait = wait with { Time = period, Due = _now + period, IsKnown = reason != ReadOutcome.ProcessGone };
        }

        sink.Skipped(process, reason);
    }

    /// <param name="Since">When it was first seen; before all times if the first pass saw it.</param>
    /// <param name="Due">When to look at it.</param>
    /// <param name="Time">How long after the last look that is.</param>
    /// <param name="Pass">The last pass that it was watched in.</param>
    /// <param name="IsKnown">Whether it is left to the passes: one has ended a window of it, and it had some time before, or one cannot.</param>
    private readonly record struct Wait(TimeSpan Since, TimeSpan Due, TimeSpan Time, long Pass, bool IsKnown);
}
