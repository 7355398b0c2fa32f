using System.Runtime.CompilerServices;

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

/// <summary>Working set and idle memory of a group. Every frame counts once, however many processes of the group map it.</summary>
internal sealed class GroupTotals
{
    private PageTally _tally;
    private TimeSpan _window;
    private TimeSpan _observedSince = TimeSpan.MaxValue;

    /// <summary>Processes with a complete window so far.</summary>
    internal int Processes { get; private set; }

    internal void Clear()
    {
        _tally = default;
        _window = TimeSpan.Zero;
        _observedSince = TimeSpan.MaxValue;
        Processes = 0;
    }

    /// <summary>
    /// Adds what a walk has counted for the group, even if the process ended during the walk: no other process of the group counts its shared frames again,
    /// and it existed at the end of the window.
    /// </summary>
    internal void Add(in PageTally tally)
    {
        _tally.Resident += tally.Resident;
        _tally.Anon += tally.Anon;
        _tally.File += tally.File;
        _tally.Shmem += tally.Shmem;
        _tally.Untracked += tally.Untracked;
        for (int epoch = 0; epoch < 256; epoch++)
        {
            _tally.Idle[epoch] += tally.Idle[epoch];
        }

    }

    /// <summary>Counts a process whose window is complete.</summary>
    internal void AddProcess(TimeSpan window, TimeSpan firstSeen)
    {
        Processes++;
        _window = window > _window ? window : _window;
        _observedSince = firstSeen < _observedSince ? firstSeen : _observedSince;
    }

    internal WorkingSetSample ToSample(TimeSpan now, Epochs epochs, IdleAges ages, ulong pageBytes) =>
        _tally.ToSample(_window, now, _observedSince, epochs, ages, pageBytes);
}

/// <summary>Pages by the number of the pass that last saw them accessed.</summary>
[InlineArray(256)]
internal struct EpochCounts
{
    private long _first;

    /// <summary>Counts each age. Long runs of one age are common, and incrementing the same counter twice in a row is slow.</summary>
    internal void Add(ReadOnlySpan<byte> ages)
    {
        const int Stretch = 32;
        while (ages.Length >= Stretch)
        {
            int same = ages.IndexOfAnyExcept(ages[0]);
            same = same < 0 ? ages.Length : same;
            this[ages[0]] += same;
            ages = ages[same..];
            if (same < Stretch && ages.Length >= Stretch)
            {
                // Mixed ages: searching for runs would cost more than counting.
                AddEach(ages[..Stretch]);
                ages = ages[Stretch..];
            }
        }

        AddEach(ages);
    }

    private void AddEach(ReadOnlySpan<byte> ages)
    {
        foreach (byte age in ages)
        {
            this[age]++;
        }
    }
}
