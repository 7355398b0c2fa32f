using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.WorkingSets.Damon;

/// <summary>The state of one process from window to window, where the kernel counts every page.</summary>
internal sealed class YoungProcess(ProcessIdentity identity) : MonitoredProcess(identity)
{
    /// <summary>What is in doubt may be this much of a window that is called whole: bytes, or a hundredth of what is resident.</summary>
    private const ulong NegligibleBytes = 128 * 1024;

    private readonly Bound _bound = new();
    private readonly List<PartialWindow> _asked = [];
    private PartialWindow? _before;
    private IdleStaircase _idleAnon;
    private IdleStaircase _idleFile;
    private IdleStaircase _idleShmem;
    private PerKind _resident;
    private TimeSpan _firstWalk;
    private TimeSpan? _lastWalk;

    /// <summary>The window of the passes; null before the first.</summary>
    internal PartialWindow? Window { get; private set; }

    /// <inheritdoc/>
    internal override bool HasOpenWindows => _asked.Count > 0;

    /// <summary>The window of the passes that begins now. The one before stays as it is until the next call.</summary>
    internal PartialWindow NextWindow()
    {
        (Window, _before) = (_before ?? new PartialWindow(), Window);
        return Window;
    }

    internal void Open(PartialWindow window) => _asked.Add(window);

    internal void Close(PartialWindow window)
    {
        _ = _asked.Remove(window);
        window.End();
    }

    /// <summary>Takes what a walk has counted, for all windows that are open.</summary>
    /// <param name="resident">What is resident, in bytes.</param>
    /// <param name="used">What was accessed since the walk before, in bytes.</param>
    /// <param name="now">When that was.</param>
    internal void Walked(in PerKind resident, in PerKind used, TimeSpan now)
    {
        _resident = resident;
        if (_lastWalk is { } start)
        {
            Window?.Add(used);
            foreach (PartialWindow window in _asked)
            {
                window.Add(used);
            }

            _idleAnon.Add(start, resident.Anon - Math.Min(resident.Anon, used.Anon));
            _idleFile.Add(start, resident.File - Math.Min(resident.File, used.File));
            _idleShmem.Add(start, resident.Shmem - Math.Min(resident.Shmem, used.Shmem));
        }
        else
        {
            _firstWalk = now;
        }

        _lastWalk = now;
    }

    /// <summary>A window that the last walk has ended.</summary>
    /// <param name="window">The window.</param>
    /// <param name="now">When that was.</param>
    /// <param name="spread">How long that walk took.</param>
    /// <param name="report">What happened meanwhile.</param>
    /// <param name="fileReads">What may have been read of mapped files, without a trace.</param>
    /// <param name="ages">The ages of idle memory.</param>
    internal WorkingSetSample Report(PartialWindow window, TimeSpan now, TimeSpan spread, DisturbanceReport report, ulong fileReads, IdleAges ages)
    {
        IdleBytes idle = default;
        idle[0] = _resident.Sum;
        _idleAnon.Count(now, ages, ref idle);
        _idleFile.Count(now, ages, ref idle);
        _idleShmem.Count(now, ages, ref idle);
        (ulong anon, ulong mostAnon) = window.Of(PageKind.Anon, _resident);
        (ulong file, ulong mostFile) = window.Of(PageKind.File, _resident);
        (ulong shmem, ulong mostShmem) = window.Of(PageKind.Shmem, _resident);
        WorkingSetSample judged = _bound.Judge(
            new WorkingSetSample
            {
                Window = now - window.Start,
                WindowSpread = window.Spread + spread,
                ResidentBytes = _resident.Sum,
                AnonBytes = anon,
                FileBytes = file,
                ShmemBytes = shmem,
                LeftOutBytes = LeftOutBytes,
                Idle = idle,
                KnownAges = ages.CountReached(now - _firstWalk),
            },
            _resident,
            report,
            report.FileReadsAreHidden ? fileReads : 0,
            now,
            ages);
        ulong divided = mostAnon - anon + (mostFile - file) + (mostShmem - shmem);
        return divided <= Math.Max(NegligibleBytes, _resident.Sum / 100)
            ? judged
            : judged with
            {
                Disturbance = (Disturbance)Math.Max((int)Disturbance.Divided, (int)judged.Disturbance),
                DoubtfulAnonBytes = Math.Min(judged.DoubtfulAnonBytes + mostAnon - anon, _resident.Anon - judged.AnonBytes),
                DoubtfulFileBytes = Math.Min(judged.DoubtfulFileBytes + mostFile - file, _resident.File - judged.FileBytes),
                DoubtfulShmemBytes = Math.Min(judged.DoubtfulShmemBytes + mostShmem - shmem, _resident.Shmem - judged.ShmemBytes),
            };
    }

    /// <summary>Lets its windows go.</summary>
    internal override void Forget()
    {
        Window?.End();
        _before?.End();
        (Window, _before) = (null, null);
    }
}
