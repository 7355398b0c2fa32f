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

    private readonly EstimatorOptions _settings;
    private readonly TimeProvider _clock;
    private readonly long _epoch;
    private readonly Dictionary<ProcessIdentity, ReferencedHistory> _histories = [];
    private readonly KernelBuffer _buffer = new(64 * 1024);
    private readonly SmapsParser _parser = new();
    private long _pass;

    /// <summary>An estimator that measures windows by <paramref name="clock"/>.</summary>
    public ReferencedEstimator(EstimatorOptions settings, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(clock);
        _settings = settings;
        _clock = clock;
        _epoch = clock.GetTimestamp();
    }

    /// <inheritdoc/>
    public string Method => MethodName;

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
        foreach (TrackedProcess process in processes)
        {
            if (!_histories.TryGetValue(process.Identity, out ReferencedHistory? history))
            {
                history = new ReferencedHistory();
                _histories.Add(process.Identity, history);
            }

            ReadOutcome outcome = Pass(process, history, out WorkingSetSample? sample);
            if (outcome != ReadOutcome.Success)
            {
                // A process that could not be read starts anew, without marks and ages.
                _histories.Remove(process.Identity);
                sink.Skipped(process, outcome);
                continue;
            }

            history.Pass = _pass;
            if (sample is { } complete)
            {
                sink.Completed(process, complete);
            }
        }

        ForgetAbsent();
    }

    private ReadOutcome Pass(TrackedProcess process, ReferencedHistory history, out WorkingSetSample? sample)
    {
        sample = null;
        if (KernelUnits.Current.Bytes(process.Stat.ResidentPages) > _settings.ReferencedMaxResidentBytes)
        {
            return ReadOutcome.TooLarge;
        }

        ReadOutcome outcome = process.Enter(out ProcessDirectory directory);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        try
        {
            if (history.WindowStart is not null)
            {
                TimeSpan end = Now;
                outcome = ReadReferenced(directory, history, end);
                if (outcome != ReadOutcome.Success)
                {
                    return outcome;
                }

                sample = history.Close(end, _settings.IdleAges);
            }

            outcome = Clear(directory);
            history.Begin(Now);
            return outcome;
        }
        finally
        {
            process.Leave(directory);
        }
    }

    private ReadOutcome ReadReferenced(ProcessDirectory directory, ReferencedHistory history, TimeSpan end)
    {
        ReadOutcome outcome = directory.OpenFile("smaps"u8, Libc.OpenReadOnly, out KernelHandle handle);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        using (handle)
        {
            history.Open();
            _parser.Reset();
            KernelLines lines = new(handle, _buffer);
            while (lines.MoveNext())
            {
                if (_parser.Accept(lines.Current))
                {
                    history.Add(_parser.Area, end, _settings.IdleAges);
                }
            }

            if (_parser.Complete())
            {
                history.Add(_parser.Area, end, _settings.IdleAges);
            }

            return lines.Outcome != ReadOutcome.Success ? lines.Outcome
                : _parser.IsMalformed ? ReadOutcome.Malformed
                : AddressSpace.StillThere(handle, _buffer);
        }
    }

    private static ReadOutcome Clear(ProcessDirectory directory)
    {
        ReadOutcome outcome = directory.OpenFile("clear_refs"u8, Libc.OpenWriteOnly, out KernelHandle handle);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        using (handle)
        {
            return KernelFile.Write(handle, "1"u8, 0);
        }
    }

    private void ForgetAbsent()
    {
        foreach ((ProcessIdentity identity, ReferencedHistory history) in _histories)
        {
            if (history.Pass != _pass)
            {
                _histories.Remove(identity);
            }
        }
    }

    /// <inheritdoc/>
    public void Glance(IReadOnlyList<TrackedProcess> processes, IWorkingSetSink sink) => throw new NotImplementedException();

    /// <inheritdoc/>
    public IWorkingSetWindow? BeginWindow(TrackedProcess process, out ReadOutcome outcome) => throw new NotImplementedException();

    /// <summary>Does nothing: no file is open between passes.</summary>
    public void Dispose() => _histories.Clear();
}
