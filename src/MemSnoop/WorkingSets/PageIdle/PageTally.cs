namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>Pages counted in a walk over one process, or over a group of processes that share some.</summary>
internal struct PageTally
{
    internal long Resident;
    internal long Anon;
    internal long File;
    internal long Shmem;
    internal long Hugetlb;
    internal long Untracked;
    internal EpochCounts Idle;

    internal void AddActive(PageKind kind, long pages)
    {
        switch (kind)
        {
            case PageKind.Anon:
                Anon += pages;
                break;
            case PageKind.File:
                File += pages;
                break;
            default:
                Shmem += pages;
                break;
        }
    }

    /// <summary>The tally as a sample.</summary>
    internal readonly WorkingSetSample ToSample(TimeSpan window, TimeSpan now, TimeSpan observedSince, Epochs epochs, IdleAges ages, ulong pageBytes)
    {
        IdleBytes idle = default;
        for (int epoch = 0; epoch < epochs.Count; epoch++)
        {
            ulong bytes = (ulong)Idle[epoch] * pageBytes;
            if (bytes > 0)
            {
                int reached = ages.CountReached(now - epochs[epoch]);
                for (int band = 1; band < reached; band++)
                {
                    idle[band] += bytes;
                }
            }
        }

        idle[0] = (ulong)Resident * pageBytes;
        return new WorkingSetSample
        {
            Window = window,
            ResidentBytes = (ulong)Resident * pageBytes,
            AnonBytes = (ulong)Anon * pageBytes,
            FileBytes = (ulong)File * pageBytes,
            ShmemBytes = (ulong)Shmem * pageBytes,
            HugetlbBytes = (ulong)Hugetlb * pageBytes,
            UntrackedBytes = (ulong)Untracked * pageBytes,
            Idle = idle,
            KnownAges = ages.CountReached(now - observedSince),
        };
    }
}
