using MemSnoop.ProcFs;

namespace MemSnoop.WorkingSets.Referenced;

/// <summary>The state of one process from window to window, for the referenced method.</summary>
internal sealed class ReferencedHistory
{
    private readonly Dictionary<ulong, IdleStaircase> _areas = [];
    private long _round;
    private ulong _resident;
    private ulong _anon;
    private ulong _file;
    private ulong _shmem;
    private IdleBytes _idle;
    private TimeSpan _firstStart;

    /// <summary>When the running window began; null before the first.</summary>
    internal TimeSpan? WindowStart { get; private set; }

    /// <summary>The last pass of the estimator that walked the process.</summary>
    internal long Pass { get; set; }

    internal void Begin(TimeSpan now)
    {
        if (WindowStart is null)
        {
            _firstStart = now;
        }

        WindowStart = now;
    }

    /// <summary>Begins to add the areas of a window that ends now.</summary>
    internal void Open()
    {
        _round++;
        _resident = _anon = _file = _shmem = 0;
        _idle = default;
    }

    internal void Add(in SmapsArea area, TimeSpan now, IdleAges ages)
    {
        SmapsSums sums = area.Sums;
        if (sums.RssKib == 0)
        {
            return;
        }

        // Referenced and Rss are read page by page while the process runs; the sum can be a page ahead.
        ulong resident = sums.RssKib * 1024;
        ulong referenced = Math.Min(sums.ReferencedKib, sums.RssKib) * 1024;
        _resident += resident;
        AddReferenced(PageKinds.ByName(area.Entry.Path, area.Entry.Inode), sums, referenced);

        if (!_areas.TryGetValue(area.Entry.Start, out IdleStaircase? staircase))
        {
            staircase = new IdleStaircase();
            _areas.Add(area.Entry.Start, staircase);
        }

        staircase.Round = _round;
        staircase.Add(WindowStart!.Value, resident - referenced);
        staircase.Count(now, ages, ref _idle);
    }

    private void AddReferenced(PageKind kind, in SmapsSums sums, ulong referenced)
    {
        if (kind == PageKind.Anon)
        {
            _anon += referenced;
            return;
        }

        ulong anonymous = AnonymousShare(sums, referenced);
        _anon += anonymous;
        if (kind == PageKind.File)
        {
            _file += referenced - anonymous;
        }
        else
        {
            _shmem += referenced - anonymous;
        }
    }

    /// <summary>
    /// Splits referenced bytes of an area: written pages of a private file mapping are anonymous, and the kernel has one Referenced for both, so it is split
    /// in proportion to the resident pages.
    /// </summary>
    private static ulong AnonymousShare(in SmapsSums sums, ulong bytes) =>
        sums.RssKib == 0 ? 0 : (ulong)((UInt128)bytes * Math.Min(sums.AnonymousKib, sums.RssKib) / sums.RssKib);

    /// <summary>The finished window as a sample; areas that are gone are forgotten.</summary>
    internal WorkingSetSample Close(TimeSpan now, IdleAges ages)
    {
        _idle[0] = _resident;
        ForgetGoneAreas();
        return new WorkingSetSample
        {
            Window = now - WindowStart!.Value,
            ResidentBytes = _resident,
            AnonBytes = _anon,
            FileBytes = _file,
            ShmemBytes = _shmem,
            Idle = _idle,
            KnownAges = ages.CountReached(now - _firstStart),
        };
    }

    private void ForgetGoneAreas()
    {
        foreach ((ulong start, IdleStaircase staircase) in _areas)
        {
            if (staircase.Round != _round)
            {
                _areas.Remove(start);
            }
        }
    }
}
