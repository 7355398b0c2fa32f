using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using MemSnoop.Disturbances;
using MemSnoop.WorkingSets.PageIdle.Handover;
using MemSnoop.WorkingSets.Shares;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>Pages counted in a walk over one process, or over a group of processes that share some.</summary>
internal struct PageTally
{
    /// <summary>
    /// A window stays whole if at most 1 % of resident memory, or 32 pages, are doubtful: less than what a program's own stack and libraries take part in.
    /// </summary>
    private const long MostInsignificantPages = 32;

    internal long Resident;
    internal long Anon;
    internal long File;
    internal long Shmem;
    internal long Hugetlb;
    internal long Untracked;
    internal long IdleFile;
    internal long IdleShmem;
    internal long DoubtfulAnon;
    internal long DoubtfulFile;
    internal long DoubtfulShmem;
    internal long DoubtfulNew;
    internal Disturbance Disturbance;
    internal EpochCounts Idle;
    internal PagesByReached Reaccessed;

    /// <summary>Pages of which it is not known whether they were used.</summary>
    internal readonly long Doubtful => DoubtfulAnon + DoubtfulFile + DoubtfulShmem;

    /// <summary>Pages that were used.</summary>
    internal readonly KindPages Used => new(Anon, File, Shmem);

    /// <summary>Has each page stand for so many.</summary>
    internal void Scale(double weight)
    {
        Resident = Scaled(Resident, weight);
        Anon = Scaled(Anon, weight);
        File = Scaled(File, weight);
        Shmem = Scaled(Shmem, weight);
        Hugetlb = Scaled(Hugetlb, weight);
        Untracked = Scaled(Untracked, weight);
        IdleFile = Scaled(IdleFile, weight);
        IdleShmem = Scaled(IdleShmem, weight);
        DoubtfulAnon = Scaled(DoubtfulAnon, weight);
        DoubtfulFile = Scaled(DoubtfulFile, weight);
        DoubtfulShmem = Scaled(DoubtfulShmem, weight);
        DoubtfulNew = Scaled(DoubtfulNew, weight);
        for (int epoch = 0; epoch < 256; epoch++)
        {
            Idle[epoch] = Scaled(Idle[epoch], weight);
        }

        for (int reached = 0; reached <= IdleAges.MaxCount; reached++)
        {
            Reaccessed[reached] = Scaled(Reaccessed[reached], weight);
        }
    }

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

    private static long Scaled(long pages, double weight) => (long)Math.Round(pages * weight);

    /// <summary>Whether so many pages matter for the working set of this process or group.</summary>
    internal readonly bool IsSignificant(long pages) => pages > Math.Max(Resident / 100, MostInsignificantPages);

    /// <summary>Notes idle pages of a kind that a process may also read by descriptor.</summary>
    internal void AddIdle(PageKind kind, long pages)
    {
        if (kind == PageKind.File)
        {
            IdleFile += pages;
        }
        else if (kind == PageKind.Shmem)
        {
            IdleShmem += pages;
        }
    }

    /// <summary>Adds pages that may have been used, and why that is not known.</summary>
    internal void AddDoubt(PageKind kind, long pages, Disturbance reason)
    {
        if (pages == 0)
        {
            return;
        }

        Disturbance = reason > Disturbance ? reason : Disturbance;
        switch (kind)
        {
            case PageKind.Anon:
                DoubtfulAnon += pages;
                break;
            case PageKind.File:
                DoubtfulFile += pages;
                break;
            default:
                DoubtfulShmem += pages;
                break;
        }
    }

    /// <summary>Adds the pages of another tally.</summary>
    internal void AddPages(in PageTally other)
    {
        Resident += other.Resident;
        Anon += other.Anon;
        File += other.File;
        Shmem += other.Shmem;
        Untracked += other.Untracked;
        DoubtfulAnon += other.DoubtfulAnon;
        DoubtfulFile += other.DoubtfulFile;
        DoubtfulShmem += other.DoubtfulShmem;
        DoubtfulNew += other.DoubtfulNew;
        Disturbance = other.Disturbance > Disturbance ? other.Disturbance : Disturbance;
        for (int epoch = 0; epoch < 256; epoch++)
        {
            Idle[epoch] += other.Idle[epoch];
        }

        for (int reached = 0; reached <= IdleAges.MaxCount; reached++)
        {
            Reaccessed[reached] += other.Reaccessed[reached];
        }
    }

    /// <summary>The tally as a sample.</summary>
    internal readonly WorkingSetSample ToSample(WindowTimes times, TimeSpan observedSince, DoubtHistory doubts, Epochs epochs, IdleAges ages, ulong pageBytes)
    {
        IdleBytes idle = default;
        int known = AddIdle(times.End, ages.CountReached(times.End - observedSince), doubts, epochs, ages, pageBytes, ref idle);
        idle[0] = (ulong)Resident * pageBytes;
        bool isWhole = !IsSignificant(Doubtful);
        return new WorkingSetSample
        {
            Window = times.Window,
            WindowSpread = times.Spread,
            Disturbance = isWhole ? Disturbance.None : Disturbance,
            DoubtfulAnonBytes = isWhole ? 0 : (ulong)DoubtfulAnon * pageBytes,
            DoubtfulFileBytes = isWhole ? 0 : (ulong)DoubtfulFile * pageBytes,
            DoubtfulShmemBytes = isWhole ? 0 : (ulong)DoubtfulShmem * pageBytes,
            ResidentBytes = (ulong)Resident * pageBytes,
            AnonBytes = (ulong)Anon * pageBytes,
            FileBytes = (ulong)File * pageBytes,
            ShmemBytes = (ulong)Shmem * pageBytes,
            HugetlbBytes = (ulong)Hugetlb * pageBytes,
            UntrackedBytes = (ulong)Untracked * pageBytes,
            Idle = idle,
            KnownAges = known,
        };
    }

    /// <summary>
    /// What has been idle for each age, less what may have been used since. Returns how many ages are known: where doubts leave nothing certain of memory that
    /// looks idle for so long, that age and all longer ones are not.
    /// </summary>
    private readonly int AddIdle(TimeSpan now, int known, DoubtHistory doubts, Epochs epochs, IdleAges ages, ulong pageBytes, ref IdleBytes idle)
    {
        for (int epoch = 0; epoch < epochs.Count; epoch++)
        {
            long pages = Idle[epoch];
            if (pages > 0)
            {
                int reached = ages.CountReached(now - epochs[epoch]);
                for (int band = 1; band < reached; band++)
                {
                    idle[band] += (ulong)pages * pageBytes;
                }
            }
        }

        for (int band = 1; band < known; band++)
        {
            long pages = (long)(idle[band] / pageBytes);
            long doubtful = doubts.Since(now - ages[band]);
            if (doubtful > 0 && doubtful >= pages && pages > 0)
            {
                return band;
            }

            idle[band] = (ulong)Math.Max(0, pages - doubtful) * pageBytes;
        }

        return known;
    }
}

/// <summary>When a window ended, how long it was for the mean frame, and by how much the windows of frames differ.</summary>
internal readonly record struct WindowTimes(TimeSpan End, TimeSpan Window, TimeSpan Spread);

/// <summary>Working set and idle memory of a group. Every frame counts once, however many processes of the group map it.</summary>
internal sealed class GroupTotals
{
    /// <summary>More groups, or longer names, than any host has.</summary>
    private const int MaxGroups = 1 << 16;
    private const int MaxNameBytes = 4096;

    private readonly Dictionary<string, History> _histories = [];
    private readonly GroupError _error = new();
    private double _counted;

    /// <summary>When the last window ended that may have left something in doubt for groups that are not known yet; null if none has.</summary>
    private TimeSpan? _doubtsOfOthers;
    private PageTally _tally;
    private TimeSpan _longestWindow;
    private TimeSpan _shortestWindow = TimeSpan.MaxValue;
    private TimeSpan _observedSince = TimeSpan.MaxValue;

    /// <summary>Members with a window of their own so far.</summary>
    internal int Processes { get; private set; }

    internal void Clear()
    {
        _tally = default;
        _counted = 0;
        _error.Clear();
        _longestWindow = TimeSpan.Zero;
        _shortestWindow = TimeSpan.MaxValue;
        _observedSince = TimeSpan.MaxValue;
        Processes = 0;
    }

    /// <summary>
    /// Adds what a walk has counted for the group, even if the process ended during the walk: no other process of the group counts its shared frames again,
    /// and it existed at the end of the window.
    /// </summary>
    /// <param name="tally">What it has counted, scaled.</param>
    /// <param name="units">The units, if it has counted a share.</param>
    internal void Add(in PageTally tally, UnitSample units)
    {
        _tally.AddPages(tally);
        _counted += tally.Resident / units.Weight;
        if (units.Count > 0)
        {
            units.AddTo(_error);
        }
    }

    /// <summary>Adds a member that could not be read: all that it holds may have been used.</summary>
    internal void AddUnknown(long residentPages)
    {
        _tally.Resident += residentPages;
        _tally.AddDoubt(PageKind.Anon, residentPages, Disturbance.Unmarked);
    }

    /// <summary>Adds the idle pages of all members that may have been used.</summary>
    internal void AddDoubts(IdlePages idle, DisturbanceReport report) => idle.AddDoubts(report, _counted > 0 ? _tally.Resident / _counted : 1, ref _tally);

    /// <summary>Counts a process whose window is complete.</summary>
    internal void AddProcess(TimeSpan window, TimeSpan firstSeen)
    {
        Processes++;
        _longestWindow = window > _longestWindow ? window : _longestWindow;
        _shortestWindow = window < _shortestWindow ? window : _shortestWindow;
        _observedSince = firstSeen < _observedSince ? firstSeen : _observedSince;
    }

    /// <summary>Takes note that a group has members in a pass, whatever can be told of them: what it is known by is kept.</summary>
    internal void Note(string group, long pass)
    {
        ref History? history = ref CollectionsMarshal.GetValueRefOrAddDefault(_histories, group, out bool isKnown);
        history ??= new History();
        history.Pass = pass;
        if (!isKnown && _doubtsOfOthers is { } end)
        {
            history.Doubts.Add(end, long.MaxValue, TimeSpan.MaxValue);
        }
    }

    /// <summary>Hands over what is in doubt.</summary>
    internal void Write(AgesWriter writer, TimeSpan now)
    {
        writer.Number(_histories.Count);
        foreach ((string group, History history) in _histories)
        {
            writer.Text(Encoding.UTF8.GetBytes(group));
            history.Doubts.Write(writer, now);
        }
    }

    /// <summary>Takes up what was handed over.</summary>
    /// <param name="reader">Where it is.</param>
    /// <param name="now">The time of the handing over.</param>
    /// <param name="pass">The pass that knew the groups.</param>
    /// <param name="areInDoubt">Whether processes have pages in doubt. What groups have that are made of them only now is not known.</param>
    internal void Read(AgesReader reader, TimeSpan now, long pass, bool areInDoubt)
    {
        for (int left = reader.Number(MaxGroups); left > 0; left--)
        {
            History history = new() { Pass = pass };
            _histories[Encoding.UTF8.GetString(reader.Text(MaxNameBytes))] = history;
            history.Doubts.Read(reader, now);
        }

        _doubtsOfOthers = areInDoubt ? now : null;
    }

    /// <summary>Forgets all groups.</summary>
    internal void ForgetAll()
    {
        _histories.Clear();
        _doubtsOfOthers = null;
    }

    /// <summary>Adds what the group accessed again, before its doubts of this window; all of it so far.</summary>
    internal ReaccessedSample AddReaccessed(string group, ReachedAges reached, ulong pageBytes)
    {
        History history = _histories[group];
        history.Reaccessed.Add(_tally, reached, history.Doubts, _observedSince, pageBytes);
        return history.Reaccessed.Sample;
    }

    /// <summary>The sample of the group; its doubts are remembered under its name.</summary>
    internal WorkingSetSample ToSample(string group, TimeSpan now, Epochs epochs, IdleAges ages, ulong pageBytes)
    {
        DoubtHistory doubts = _histories[group].Doubts;
        doubts.Add(now, _tally.Doubtful, ages[ages.Count - 1]);
        WorkingSetSample sample = _tally.ToSample(new WindowTimes(now, _longestWindow, _longestWindow - _shortestWindow), _observedSince, doubts, epochs, ages, pageBytes);
        return _error.IsNeeded ? sample with { Error = _error.ToError(pageBytes) } : sample;
    }

    /// <summary>Forgets groups that had no member in a pass.</summary>
    internal void Forget(long pass)
    {
        _doubtsOfOthers = null;
        foreach ((string group, History history) in _histories)
        {
            if (history.Pass != pass)
            {
                _histories.Remove(group);
            }
        }
    }

    /// <summary>What is remembered of a group from pass to pass.</summary>
    private sealed class History
    {
        internal DoubtHistory Doubts { get; } = new();

        internal ReaccessTotals Reaccessed { get; } = new();

        internal long Pass { get; set; }
    }
}

/// <summary>Pages by how many ages they had reached.</summary>
[InlineArray(IdleAges.MaxCount + 1)]
internal struct PagesByReached
{
    private long _first;
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
