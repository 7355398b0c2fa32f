using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.WorkingSets.Referenced;

/// <summary>
/// Clears the referenced bits of a process (<c>1</c> to <c>/proc/PID/clear_refs</c>), and one window later sums
/// <c>Referenced:</c> of <c>/proc/PID/smaps</c>. Works on every kernel. The cost: both hold the target's mmap lock during a walk over its page tables, so page
/// faults and mmap wait, and reclaim loses the same bits. Pages of 2 MB count whole. Source: <c>proc_pid_clear_refs(5)</c>, <c>fs/proc/task_mmu.c</c>.
/// </summary>
public sealed class ReferencedEstimator : IWorkingSetEstimator
{
    /// <summary>The method's name.</summary>
    public const string MethodName = "referenced";

    private const ulong Kib = 1024;

    private readonly EstimatorOptions _settings;
    private readonly TimeProvider _clock;
    private readonly IDisturbanceWatch _watch;
    private readonly StallBudget _stalls;
    private readonly long _epoch;
    private readonly Dictionary<ProcessIdentity, ReferencedHistory> _histories = [];
    private readonly List<Ended> _ended = [];
    private readonly KernelBuffer _buffer = new(64 * 1024);
    private readonly KernelBuffer _status = new();
    private readonly SmapsParser _parser = new();
    private readonly AreaMerge _areas = new();
    private long _pass;

    // Where a pass or look is: another thread goes on with it where a process does not answer.
    private readonly List<TrackedProcess> _looked = [];
    private int _next;
    private SharedMoment? _begin;
    private bool _isPass;

    // Takes the areas of the window that is being ended; null if nobody has asked for them.
    private AreaUses? _told;

    // Whose window is being ended and begun; null between two.
    private (TrackedProcess Process, ReferencedHistory History)? _turned;

    /// <summary>An estimator that measures windows by <paramref name="clock"/>, on a host where nothing disturbs them.</summary>
    public ReferencedEstimator(EstimatorOptions settings, TimeProvider clock)
        : this(settings, clock, NoDisturbances.Instance)
    {
    }

    /// <summary>An estimator that knows of disturbances by <paramref name="watch"/>, and disposes of it.</summary>
    internal ReferencedEstimator(EstimatorOptions settings, TimeProvider clock, IDisturbanceWatch watch)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(clock);
        _settings = settings;
        _clock = clock;
        _watch = watch;
        _stalls = new StallBudget(settings.MaxStall);
        _epoch = clock.GetTimestamp();
    }

    /// <inheritdoc/>
    public string Method => MethodName;

    /// <inheritdoc/>
    public TimeSpan? LongestStall => _stalls.Longest;

    private TimeSpan Now => _clock.GetElapsedTime(_epoch);

    /// <summary>Whether this kernel has both files (CONFIG_PROC_PAGE_MONITOR).</summary>
    public static ProbeResult Probe(KernelPaths paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        string self = paths.Proc("self");
        return File.Exists(Path.Join(self, "clear_refs")) && File.Exists(Path.Join(self, "smaps"))
            ? new(MethodName, true, "ok", "clear_refs and smaps work on this kernel; both stall a large process while the kernel walks its page tables")
            : new(MethodName, false, "no_kernel_option", $"there is no clear_refs or no smaps below {self}", "boot a kernel built with CONFIG_PROC_PAGE_MONITOR=y");
    }

    /// <inheritdoc/>
    public void Pass(IReadOnlyList<TrackedProcess> processes, int part, IWorkingSetSink sink)
    {
        ArgumentNullException.ThrowIfNull(processes);
        ArgumentNullException.ThrowIfNull(sink);
        _pass++;
        _stalls.BeginPass();
        Look(processes, isPass: true, sink);
    }

    /// <inheritdoc/>
    public void Glance(IReadOnlyList<TrackedProcess> processes, IWorkingSetSink sink)
    {
        ArgumentNullException.ThrowIfNull(processes);
        ArgumentNullException.ThrowIfNull(sink);
        Look(processes, isPass: false, sink);
    }

    /// <summary>Ends the windows of these processes and begins the next ones. A window is of one process here, so those of others go on.</summary>
    private void Look(IReadOnlyList<TrackedProcess> processes, bool isPass, IWorkingSetSink sink)
    {
        // What an error has cut short is not gone on with.
        _begin?.Release();
        _begin = new SharedMoment(_watch);
        _ended.Clear();
        _looked.Clear();
        _looked.AddRange(processes);
        (_next, _isPass) = (0, isPass);
        EndLook(_begin, sink);
    }

    /// <inheritdoc/>
    bool IWorkingSetEstimator.Resume(IWorkingSetSink sink)
    {
        if (_turned is not { } hung)
        {
            return _begin is null;
        }

        _turned = null;
        Lose(hung.Process, hung.History, ReadOutcome.Hung);
        if (_begin is { } begin)
        {
            sink.Skipped(hung.Process, ReadOutcome.Hung);
            _next++;
            EndLook(begin, sink);
        }

        return true;
    }

    /// <summary>The rest of a pass or look, from the process that is next.</summary>
    private void EndLook(SharedMoment begin, IWorkingSetSink sink)
    {
        for (; _next < _looked.Count; _next++)
        {
            TrackedProcess process = _looked[_next];
            ReferencedHistory history = HistoryOf(process);
            ReadOutcome outcome = Turn(process, history, begin, out Ended? ended);
            if (outcome != ReadOutcome.Success)
            {
                // A process that could not be read starts anew, without marks and ages.
                Lose(process, history, outcome);
                sink.Skipped(process, outcome);
            }
            else if (ended is { } window)
            {
                _ended.Add(window);
            }
        }

        KernelCalls.About(0);

        // What disturbed a window is told by a moment after it: one for all that ended here.
        SharedMoment end = new(_watch);
        foreach (Ended window in _ended)
        {
            sink.Completed(window.Process, window.History.Report(Judge(window, end)));
        }

        _ended.Clear();
        end.Release();
        begin.Release();
        _begin = null;
        if (_isPass)
        {
            ForgetAbsent();
        }
    }

    private ReferencedHistory HistoryOf(TrackedProcess process)
    {
        if (!_histories.TryGetValue(process.Identity, out ReferencedHistory? history))
        {
            history = new ReferencedHistory(_areas);
            _histories.Add(process.Identity, history);
        }

        history.Pass = _pass;
        return history;
    }

    private void Lose(TrackedProcess process, ReferencedHistory history, ReadOutcome outcome)
    {
        history.Lost = outcome;
        history.Forget();
        _histories.Remove(process.Identity);
    }

    /// <summary>Ends the window of a process, if there is one, and begins the next unless somebody still needs this one.</summary>
    private ReadOutcome Turn(TrackedProcess process, ReferencedHistory history, SharedMoment begin, out Ended? ended)
    {
        _turned = (process, history);
        CallTime stall = default;
        ReadOutcome outcome = Turn(process, history, begin, ref stall, out ulong? tablesKib, out ended);
        if (tablesKib is { } size)
        {
            _stalls.Note(process.Identity, size, _pass, stall);
        }

        _turned = null;
        return outcome;
    }

    private ReadOutcome Turn(TrackedProcess process, ReferencedHistory history, SharedMoment begin, ref CallTime stall, out ulong? tablesKib, out Ended? ended)
    {
        ended = null;
        tablesKib = null;
        ReadOutcome outcome = MayLook(process, out ulong size);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        outcome = process.Enter(out ProcessDirectory directory);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        tablesKib = size;

        try
        {
            if (history.WindowStart is not null)
            {
                outcome = End(process, directory, history, ref stall, out Ended window);
                if (outcome != ReadOutcome.Success)
                {
                    return outcome;
                }

                ended = window;
            }

            return history.OpenWindows > 0 ? ReadOutcome.Success : Begin(directory, history, begin, ref stall);
        }
        finally
        {
            process.Leave(directory);
        }
    }

    private ReadOutcome MayLook(TrackedProcess process, out ulong tablesKib)
    {
        tablesKib = 0;
        if (KernelUnits.Current.Bytes(process.Stat.ResidentPages) > _settings.ReferencedMaxResidentBytes)
        {
            return DeniedOr(ReadOutcome.TooLarge, process);
        }

        ReadOutcome outcome = process.ReadStatusAnew(_status, out Status status);
        tablesKib = status.PageTablesKib;
        return outcome != ReadOutcome.Success ? outcome
            : _stalls.Allows(process.Identity, tablesKib, _pass) ? ReadOutcome.Success
            : DeniedOr(ReadOutcome.WouldStall, process);
    }

    /// <summary>Why a large process is left out: whoever may not look at it at all is told that first, since no budget would help.</summary>
    private static ReadOutcome DeniedOr(ReadOutcome reason, TrackedProcess process)
    {
        ReadOutcome outcome = process.Enter(out ProcessDirectory directory);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        try
        {
            outcome = directory.OpenFile("clear_refs"u8, Libc.OpenWriteOnly, out KernelHandle handle);
            if (outcome != ReadOutcome.Success)
            {
                return outcome;
            }

            handle.Dispose();
            return reason;
        }
        finally
        {
            process.Leave(directory);
        }
    }

    /// <summary>Reads what was referenced since the window began.</summary>
    private ReadOutcome End(TrackedProcess process, ProcessDirectory directory, ReferencedHistory history, ref CallTime stall, out Ended ended)
    {
        ended = default;
        TimeSpan start = Now;
        ReadOutcome outcome = ReadReferenced(directory, history, ref stall);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        // Each page was read at some time within the reading.
        TimeSpan time = Now - start;
        TimeSpan end = start + (time / 2);
        ended = new Ended(process, history, end, history.Close(end, time, _settings.IdleAges));
        return ReadOutcome.Success;
    }

    private ReadOutcome Begin(ProcessDirectory directory, ReferencedHistory history, SharedMoment begin, ref CallTime stall)
    {
        TimeSpan start = Now;
        ReadOutcome outcome = Clear(directory, ref stall);
        TimeSpan time = Now - start;
        history.Begin(start + (time / 2), time, begin);
        return outcome;
    }

    private ReadOutcome ReadReferenced(ProcessDirectory directory, ReferencedHistory history, ref CallTime stall)
    {
        ReadOutcome outcome = directory.OpenFile("smaps"u8, Libc.OpenReadOnly, out KernelHandle handle);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        using (handle)
        {
            history.Open();
            SmapsWalk walk = new(handle, _parser, _buffer, measuresReads: true);
            while (walk.MoveNext())
            {
                Add(history, walk.Current);
            }

            stall = CallTime.Longer(stall, walk.LongestRead);
            return walk.End();
        }
    }

    /// <summary>Adds an area, if it counts: bits are cleared in all areas, but only those are summed.</summary>
    private void Add(ReferencedHistory history, in SmapsArea area)
    {
        if (_settings.Areas.Includes(area.Entry, KernelUnits.Current.PageBytes))
        {
            history.Add(area);
            _told?.Add(area.Entry, area.Sums.RssKib * Kib, area.Sums.ReferencedKib * Kib);
        }
    }

    private static ReadOutcome MayClear(ProcessDirectory directory)
    {
        ReadOutcome outcome = directory.OpenFile("clear_refs"u8, Libc.OpenWriteOnly, out KernelHandle handle);
        handle.Dispose();
        return outcome;
    }

    private static ReadOutcome Clear(ProcessDirectory directory, ref CallTime stall)
    {
        ReadOutcome outcome = directory.OpenFile("clear_refs"u8, Libc.OpenWriteOnly, out KernelHandle handle);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        using (handle)
        {
            CallTime.Beginning beginning = CallTime.Begin();
            outcome = KernelFile.Write(handle, "1"u8, 0);
            stall = CallTime.Longer(stall, beginning.End());
            return outcome;
        }
    }

    private WorkingSetSample Judge(in Ended window, SharedMoment end) => window.History.Judge(window.Sample, window.At, end, _settings.IdleAges);

    private void ForgetAbsent()
    {
        foreach ((ProcessIdentity identity, ReferencedHistory history) in _histories)
        {
            if (history.Pass != _pass && history.OpenWindows == 0)
            {
                history.Forget();
                _histories.Remove(identity);
            }
        }

        _stalls.Forget(_pass - 1);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// The process's own window is divided: the next pass reports all parts as one, with bounds. Passes that come before this window has ended report the window
    /// so far, and clear nothing. Who asks while another's window is open gets one that began with it.
    /// </remarks>
    public IWorkingSetWindow? BeginWindow(TrackedProcess process, out ReadOutcome outcome) => ((IWorkingSetEstimator)this).BeginWindow(process, null, out outcome);

    /// <inheritdoc/>
    IWorkingSetWindow? IWorkingSetEstimator.BeginWindow(TrackedProcess process, AreaUses? areas, out ReadOutcome outcome)
    {
        ArgumentNullException.ThrowIfNull(process);
        ReferencedHistory history = HistoryOf(process);
        if (history.OpenWindows == 0)
        {
            SharedMoment begin = new(_watch);
            outcome = Turn(process, history, begin, out Ended? ended);
            if (outcome == ReadOutcome.Success && ended is { } window)
            {
                SharedMoment end = new(_watch);
                history.Keep(Judge(window, end));
                end.Release();
            }

            begin.Release();
            if (outcome != ReadOutcome.Success)
            {
                Lose(process, history, outcome);
                return null;
            }
        }

        outcome = ReadOutcome.Success;
        history.OpenWindows++;
        return new OwnWindow(this, process, history, areas);
    }

    private ReadOutcome Complete(TrackedProcess process, ReferencedHistory history, AreaUses? areas, out WorkingSetSample sample)
    {
        sample = default;
        if (history.Lost != ReadOutcome.Success)
        {
            return history.Lost;
        }

        SharedMoment begin = new(_watch);
        areas?.Begin();
        _told = areas;
        ReadOutcome outcome;
        Ended? ended;
        try
        {
            outcome = Turn(process, history, begin, out ended);
        }
        finally
        {
            _told = null;
        }

        if (outcome == ReadOutcome.Success && ended is { } window)
        {
            SharedMoment end = new(_watch);
            sample = Judge(window, end);
            history.Keep(sample);
            end.Release();
        }
        else
        {
            Lose(process, history, outcome);
        }

        begin.Release();
        return outcome;
    }

    /// <summary>Gives the windows up; no file is open between passes.</summary>
    public void Dispose()
    {
        foreach (ReferencedHistory history in _histories.Values)
        {
            history.Forget();
        }

        _histories.Clear();
        _watch.Dispose();
    }

    /// <summary>A window that has ended, before it is known what disturbed it.</summary>
    /// <param name="Process">Whose it is.</param>
    /// <param name="History">The process's state.</param>
    /// <param name="At">When it ended.</param>
    /// <param name="Sample">As if nothing had disturbed it.</param>
    private readonly record struct Ended(TrackedProcess Process, ReferencedHistory History, TimeSpan At, WorkingSetSample Sample);

    /// <summary>A window that somebody asked for.</summary>
    private sealed class OwnWindow(ReferencedEstimator estimator, TrackedProcess process, ReferencedHistory history, AreaUses? areas) : IWorkingSetWindow
    {
        private bool _isOpen = true;

        public ReadOutcome Complete(out WorkingSetSample sample)
        {
            ObjectDisposedException.ThrowIf(!_isOpen, this);
            Dispose();
            return estimator.Complete(process, history, areas, out sample);
        }

        public void Dispose()
        {
            history.OpenWindows -= _isOpen ? 1 : 0;
            _isOpen = false;
        }
    }
}
