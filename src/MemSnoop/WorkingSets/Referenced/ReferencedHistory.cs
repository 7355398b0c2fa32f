using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.ProcFs;

namespace MemSnoop.WorkingSets.Referenced;

/// <summary>The state of one process from window to window, for the referenced method.</summary>
internal sealed class ReferencedHistory(AreaMerge merge)
{
    /// <summary>What is in doubt may be this much of a window that is called whole: bytes, or a hundredth of what is resident.</summary>
    private const ulong NegligibleBytes = 128 * 1024;

    private ReferencedArea[] _areas = [];
    private readonly DoubtfulAges _doubts = new();
    private ulong _residentAnon;
    private ulong _residentFile;
    private ulong _residentShmem;
    private ulong _anon;
    private ulong _file;
    private ulong _shmem;
    private ulong _becameHuge;
    private TimeSpan _firstStart;
    private TimeSpan _closedStart;
    private TimeSpan _closedEnd;
    private (TimeSpan Start, WorkingSetSample Sample)? _kept;
    private SharedMoment? _moment;
    private SharedMoment? _closed;

    /// <summary>The middle of the call that began the running window; null before the first.</summary>
    internal TimeSpan? WindowStart { get; private set; }

    /// <summary>How long that call took: so much later may the window of one page begin than that of another.</summary>
    internal TimeSpan ClearTime { get; private set; }

    /// <summary>The last pass of the estimator that walked the process.</summary>
    internal long Pass { get; set; }

    /// <summary>Windows that somebody has asked for and that have not ended. They began with the running window, and nothing ends it before they have ended.</summary>
    internal int OpenWindows { get; set; }

    /// <summary>Why the process could not be read; its windows are lost.</summary>
    internal ReadOutcome Lost { get; set; }

    /// <summary>Begins a window.</summary>
    /// <param name="now">When its marks were set, in the mean.</param>
    /// <param name="clearTime">How long that took.</param>
    /// <param name="moment">A moment before that; this holds it until the next window begins.</param>
    internal void Begin(TimeSpan now, TimeSpan clearTime, SharedMoment moment)
    {
        if (WindowStart is null)
        {
            _firstStart = now;
        }

        WindowStart = now;
        ClearTime = clearTime;
        SharedMoment? before = _moment;
        _moment = moment.Hold();
        before?.Release();
    }

    /// <summary>Keeps the window that was closed last, to be part of what the next pass reports.</summary>
    internal void Keep(in WorkingSetSample sample)
    {
        // Of windows with the same beginning, the last contains the others.
        _kept = _kept is { } kept && kept.Start != _closedStart
            ? (kept.Start, Join(kept.Sample, sample) with { Window = _closedEnd - kept.Start })
            : (_closedStart, sample);
    }

    /// <summary>What a pass reports: the window that was closed last, with those before it that were kept.</summary>
    internal WorkingSetSample Report(in WorkingSetSample ended)
    {
        Keep(ended);
        WorkingSetSample report = _kept!.Value.Sample;
        _kept = null;
        return report;
    }

    /// <summary>
    /// Two windows as one, with the ages of the later. How much of the memory that was used in one was used in the other is not known: at least the larger of
    /// the two was used, and at most both together.
    /// </summary>
    private WorkingSetSample Join(in WorkingSetSample earlier, in WorkingSetSample later)
    {
        (ulong anon, ulong inDoubtAnon) = Join(PageKind.Anon, _residentAnon, earlier, later);
        (ulong file, ulong inDoubtFile) = Join(PageKind.File, _residentFile, earlier, later);
        (ulong shmem, ulong inDoubtShmem) = Join(PageKind.Shmem, _residentShmem, earlier, later);
        WorkingSetSample joined = later with { AnonBytes = anon, FileBytes = file, ShmemBytes = shmem };
        return inDoubtAnon + inDoubtFile + inDoubtShmem <= Negligible(later)
            ? joined with { Disturbance = Disturbance.None, DoubtfulAnonBytes = 0, DoubtfulFileBytes = 0, DoubtfulShmemBytes = 0 }
            : joined with
            {
                Disturbance = (Disturbance)Math.Max((int)Disturbance.Divided, Math.Max((int)earlier.Disturbance, (int)later.Disturbance)),
                DoubtfulAnonBytes = inDoubtAnon,
                DoubtfulFileBytes = inDoubtFile,
                DoubtfulShmemBytes = inDoubtShmem,
            };
    }

    private static (ulong Bytes, ulong InDoubt) Join(PageKind kind, ulong resident, in WorkingSetSample earlier, in WorkingSetSample later)
    {
        // What was used and is not resident any more does not count.
        ulong least = Math.Min(Math.Max(earlier.Bytes(kind), later.Bytes(kind)), resident);
        return (least, Math.Min(earlier.UpperBytes(kind) + later.UpperBytes(kind), resident) - least);
    }

    private static ulong Negligible(in WorkingSetSample sample) => Math.Max(NegligibleBytes, sample.ResidentBytes / 100);

    /// <summary>Lets the moment go with which the running window began.</summary>
    internal void Forget()
    {
        _moment?.Release();
        _closed?.Release();
        _moment = _closed = null;
        WindowStart = null;
    }

    /// <summary>Begins to add the areas of a window that ends now.</summary>
    internal void Open()
    {
        merge.Begin(_areas);
        _residentAnon = _residentFile = _residentShmem = _anon = _file = _shmem = _becameHuge = 0;
    }

    internal void Add(in SmapsArea area)
    {
        SmapsSums sums = area.Sums;
        if (sums.RssKib == 0)
        {
            return;
        }

        // Referenced and Rss are read page by page while the process runs; the sum can be a page ahead.
        ulong resident = sums.RssKib * 1024;
        ulong referenced = Math.Min(sums.ReferencedKib, sums.RssKib) * 1024;
        PageKind kind = PageKinds.ByName(area.Entry.Path, area.Entry.Inode);
        AddOfKind(kind, AnonymousShare(kind, sums, resident), resident, ref _residentAnon, ref _residentFile, ref _residentShmem);
        AddOfKind(kind, AnonymousShare(kind, sums, referenced), referenced, ref _anon, ref _file, ref _shmem);
        _becameHuge += merge.Take(area.Entry, resident - referenced, sums.AnonHugePagesKib) * 1024;
    }

    private static void AddOfKind(PageKind kind, ulong anonymous, ulong bytes, ref ulong anon, ref ulong file, ref ulong shmem)
    {
        anon += anonymous;
        if (kind == PageKind.File)
        {
            file += bytes - anonymous;
        }
        else
        {
            shmem += bytes - anonymous;
        }
    }

    /// <summary>
    /// Splits bytes of an area: written pages of a private file mapping are anonymous, and the kernel has one Referenced for both, so it is split
    /// in proportion to the resident pages.
    /// </summary>
    private static ulong AnonymousShare(PageKind kind, in SmapsSums sums, ulong bytes) =>
        kind == PageKind.Anon ? bytes : (ulong)((UInt128)bytes * Math.Min(sums.AnonymousKib, sums.RssKib) / sums.RssKib);

    /// <summary>The window as a sample, as if nothing had disturbed it; areas that are gone are forgotten.</summary>
    /// <param name="now">When its pages were read, in the mean.</param>
    /// <param name="readTime">How long that took.</param>
    /// <param name="ages">The ages of idle memory.</param>
    internal WorkingSetSample Close(TimeSpan now, TimeSpan readTime, IdleAges ages)
    {
        TimeSpan start = WindowStart!.Value;
        (_closedStart, _closedEnd) = (start, now);
        _closed?.Release();
        _closed = _moment!.Hold();
        IdleBytes idle = default;
        _areas = merge.End(start, now, ages, ref idle);
        ulong resident = _residentAnon + _residentFile + _residentShmem;
        idle[0] = resident;
        return new WorkingSetSample
        {
            Window = now - start,
            WindowSpread = ClearTime + readTime,
            ResidentBytes = resident,
            AnonBytes = _anon,
            FileBytes = _file,
            ShmemBytes = _shmem,
            Idle = idle,
            KnownAges = ages.CountReached(now - _firstStart),
        };
    }

    /// <summary>
    /// The sample with what disturbed its window, which is the one that was closed last. Another reader of the idle bitmap and DAMON leave behind, for each access
    /// that they take, the flag by which this method sees it as well; and read(2) sets the flag that this method counts.
    /// </summary>
    /// <param name="sample">The sample as it was closed.</param>
    /// <param name="now">When that was.</param>
    /// <param name="end">A moment after that.</param>
    /// <param name="ages">The ages of idle memory.</param>
    internal WorkingSetSample Judge(in WorkingSetSample sample, TimeSpan now, SharedMoment end, IdleAges ages)
    {
        DisturbanceReport report = _closed!.Until(end);
        _closed.Release();
        _closed = null;
        HiddenPages hidden = report.Sum;
        if (report.Everywhere.Reason is not (Disturbance.Reader or Disturbance.Damon))
        {
            hidden = HiddenPages.Add(hidden, report.Everywhere);
        }

        ulong anonBound = Bytes(hidden.Anon);
        ulong idleAnon = _residentAnon - _anon;
        ulong idleShmem = _residentShmem - _shmem;
        ulong file = Math.Min(_residentFile - _file, Bytes(hidden.File));
        ulong hiddenBytes = Math.Min(idleAnon + idleShmem, anonBound) + file;
        if (hiddenBytes > 0)
        {
            _doubts.Add(now, hiddenBytes);
        }

        // A huge page that the kernel has made of small ones looks used, used or not.
        ulong moved = report.HugePagesCollapsed ? Math.Min(_becameHuge, sample.AnonBytes) : 0;
        WorkingSetSample judged = _doubts.Cut(sample, now, ages);
        return hiddenBytes + moved <= Negligible(sample)
            ? judged
            : judged with
            {
                Disturbance = hiddenBytes == 0 ? Disturbance.Moved : hidden.Reason,
                AnonBytes = sample.AnonBytes - moved,
                DoubtfulAnonBytes = Math.Min(idleAnon, anonBound) + moved,
                DoubtfulFileBytes = file,
                DoubtfulShmemBytes = Math.Min(idleShmem, anonBound),
            };
    }

    private static ulong Bytes(long pages) =>
        (ulong)pages > ulong.MaxValue / KernelUnits.Current.PageBytes ? ulong.MaxValue : (ulong)pages * KernelUnits.Current.PageBytes;
}
