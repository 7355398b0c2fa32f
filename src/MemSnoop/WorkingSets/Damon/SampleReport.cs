using MemSnoop.Kernel;

namespace MemSnoop.WorkingSets.Damon;

/// <summary>Makes of the samples of a process what a window tells of all its memory, and how far that may be off.</summary>
internal readonly ref struct SampleReport
{
    private readonly SampledProcess _state;
    private readonly TimeSpan _start;
    private readonly TimeSpan _end;
    private readonly double _unseen;
    private readonly IdleAges _ages;

    /// <param name="state">The process.</param>
    /// <param name="start">When the window began.</param>
    /// <param name="end">When it ended.</param>
    /// <param name="unseen">The part of the window in which accesses were not seen.</param>
    /// <param name="ages">The ages of idle memory.</param>
    internal SampleReport(SampledProcess state, TimeSpan start, TimeSpan end, double unseen, IdleAges ages)
    {
        (_state, _start, _end, _unseen, _ages) = (state, start, end, unseen, ages);
        ulong pageBytes = KernelUnits.Current.PageBytes;
        ResidentBytes = new PerKind
        {
            Anon = state.Resident.Anon * pageBytes,
            File = state.Resident.File * pageBytes,
            Shmem = state.Resident.Shmem * pageBytes,
        };
    }

    /// <summary>What is resident of each kind.</summary>
    internal PerKind ResidentBytes { get; }

    /// <summary>The window as if nothing had disturbed it.</summary>
    /// <param name="interval">How often DAMON looks: by so much the window of one page may be longer than that of another.</param>
    internal WorkingSetSample ToSample(TimeSpan interval)
    {
        PerKind used = default;
        PerKind error = default;
        double squares = 0;
        double lost = 0;
        foreach (PageKind kind in (ReadOnlySpan<PageKind>)[PageKind.Anon, PageKind.File, PageKind.Shmem])
        {
            (long found, long known) = _state.Watched.CountUsed(kind, _start);
            double all = ResidentBytes[kind];
            (double share, double half) = SampleError.Of(found, Math.Min(known, (long)_state.Resident[kind]), (long)_state.Resident[kind]);
            used[kind] = (ulong)(share * all);

            // What was used only while nobody looked: in the mean this part of what looks idle, at most, as it is of what was seen.
            double unseen = share * all * _unseen;
            error[kind] = (ulong)((half * all) + unseen);
            squares += half * all * half * all;
            lost += unseen;
        }

        return new WorkingSetSample
        {
            Window = _end - _start,
            WindowSpread = interval,
            ResidentBytes = ResidentBytes.Sum,
            AnonBytes = used.Anon,
            FileBytes = used.File,
            ShmemBytes = used.Shmem,
            Error = new EstimateError(error.Anon, error.File, error.Shmem, (ulong)(Math.Sqrt(squares) + lost)),
            LeftOutBytes = _state.LeftOutBytes,
            Idle = Idle(),
            KnownAges = _ages.CountReached(_end - (_state.FirstStart ?? _end)),
        };
    }

    private IdleBytes Idle()
    {
        IdleBytes idle = default;
        idle[0] = ResidentBytes.Sum;
        for (int age = 1; age < _ages.Count; age++)
        {
            foreach (PageKind kind in (ReadOnlySpan<PageKind>)[PageKind.Anon, PageKind.File, PageKind.Shmem])
            {
                long sampled = _state.Watched.CountOf(kind);
                idle[age] += sampled == 0 ? 0 : (ulong)((double)_state.Watched.CountIdle(kind, _end, age, _ages) / sampled * ResidentBytes[kind]);
            }
        }

        return idle;
    }
}
