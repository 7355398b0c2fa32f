using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// Shares out a limited number of series at the beginning of each collection: first to the host and the measuring, then to containers, groups and control groups, and what is left to
/// processes. Who has series keeps them before others get some, and who has none has none at all.
/// </summary>
/// <param name="limit">The most series there may be.</param>
/// <param name="logger">Where a change is told.</param>
/// <remarks>
/// Of a process it is known beforehand how many series it can have. Of all others it is found out, by what instruments have said so far: the most that one of them has had. Counts
/// never fall, so that shares do not come and go with what is measured.
/// </remarks>
internal sealed partial class SeriesBudget(int limit, ILogger logger)
{
    /// <summary>Who is not heard of in so many collections is forgotten. One alone can be missing something: a scrape may ask for some measurements only.</summary>
    private const int Remembered = 10;

    /// <summary>For how many collections there must be room before the log says so: where there is just about enough, it would say so again and again.</summary>
    private const int Calm = 10;

    private readonly Lock _gate = new();
    private readonly List<BudgetedInstrument> _instruments = [];
    private readonly Dictionary<string, Entry>[] _entries = [[], [], [], [], []];
    private readonly List<Entry> _order = [];
    private readonly int[] _leftOut = new int[(int)SeriesSubject.Host + 1];
    private int _perProcess;
    private long _collection;
    private long _admissions;
    private SeriesSubject? _told;
    private int _calm;

    /// <summary>The most series there may be.</summary>
    internal int Limit => limit;

    /// <summary>How many processes can have series of their own.</summary>
    internal int Processes { get; private set; }

    /// <summary>How many have no series because of the limit, by what they are.</summary>
    internal int LeftOut(SeriesSubject subject)
    {
        lock (_gate)
        {
            return _leftOut[(int)subject];
        }
    }

    /// <summary>Adds series that each process can have.</summary>
    internal void AddPerProcess(int series) => _perProcess += series;

    /// <summary>Adds an instrument whose series are counted.</summary>
    internal void Add(BudgetedInstrument instrument)
    {
        lock (_gate)
        {
            _instruments.Add(instrument);
        }
    }

    /// <summary>Finds out what there is before the first collection, which would be the first to know otherwise.</summary>
    internal void Learn()
    {
        BudgetedInstrument[] instruments;
        lock (_gate)
        {
            instruments = [.. _instruments];
        }

        foreach (BudgetedInstrument instrument in instruments)
        {
            try
            {
                instrument.Learn();
            }
#pragma warning disable CA1031 // What fails here fails in the collection too, and is told and counted there.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
    }

    /// <summary>Begins a collection: decides who has series in it.</summary>
    /// <param name="processes">How many processes are to have series if they can.</param>
    internal void Begin(int processes)
    {
        lock (_gate)
        {
            _collection++;
            Span<int> most = stackalloc int[(int)SeriesSubject.Host + 1];
            foreach (BudgetedInstrument instrument in _instruments)
            {
                instrument.Allowed = instrument.Most;
                most[(int)instrument.Subject] += instrument.Allowed;
            }

            int host = most[(int)SeriesSubject.Host];
            long left = limit - host;
            foreach (SeriesSubject subject in SeriesSubjects.ByWeight)
            {
                left -= (long)most[(int)subject] * Admit(subject, most[(int)subject], left);
            }

            Processes = (int)Math.Clamp(left / Math.Max(_perProcess, 1), 0, processes);
            _leftOut[(int)SeriesSubject.Process] = processes - Processes;
            Tell(processes, host);
        }
    }

    /// <summary>Whether the container, group or control group of this name has series in the collection. One that is new has to wait for the next.</summary>
    internal bool IsAdmitted(SeriesSubject subject, string name)
    {
        lock (_gate)
        {
            ref Entry? entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries[(int)subject], name, out _);
            entry ??= new Entry { FirstSeen = _admissions++ };
            entry.LastSeen = _collection;
            return entry.IsAdmitted;
        }
    }

    /// <summary>Admits as many as there is room for, and returns how many that are.</summary>
    private int Admit(SeriesSubject subject, int series, long left)
    {
        Dictionary<string, Entry> entries = _entries[(int)subject];
        foreach ((string name, Entry entry) in entries)
        {
            if (entry.LastSeen < _collection - Remembered)
            {
                entries.Remove(name);
            }
        }

        int room = (int)Math.Clamp(left / Math.Max(series, 1), 0, entries.Count);
        _leftOut[(int)subject] = entries.Count - room;
        if (room == entries.Count)
        {
            foreach (Entry entry in entries.Values)
            {
                entry.IsAdmitted = true;
            }

            return room;
        }

        _order.AddRange(entries.Values);
        _order.Sort(static (one, other) => one.IsAdmitted != other.IsAdmitted ? (one.IsAdmitted ? -1 : 1) : one.FirstSeen.CompareTo(other.FirstSeen));
        for (int i = 0; i < _order.Count; i++)
        {
            _order[i].IsAdmitted = i < room;
        }

        _order.Clear();
        return room;
    }

    private void Tell(int processes, int host)
    {
        SeriesSubject? worst = host > limit ? SeriesSubject.Host : null;
        for (SeriesSubject subject = SeriesSubject.Container; worst is null && subject >= SeriesSubject.Process; subject--)
        {
            worst = _leftOut[(int)subject] > 0 ? subject : null;
        }

        // Less than before is believed after a while, more at once.
        bool isBetter = (int)(worst ?? (SeriesSubject)(-1)) < (int)(_told ?? (SeriesSubject)(-1));
        _calm = isBetter ? _calm + 1 : 0;
        if (worst == _told || (isBetter && _calm < Calm))
        {
            return;
        }

        _told = worst;
        _calm = 0;
        switch (worst)
        {
            case null:
                Enough(limit);
                break;
            case SeriesSubject.Host:
                TooFew(limit, host);
                break;
            default:
                int all = worst == SeriesSubject.Process ? processes : _entries[(int)worst].Count;
                NotEnough(limit, _leftOut[(int)worst], all, worst.Value.ToWord());
                break;
        }
    }

    private sealed class Entry
    {
        internal bool IsAdmitted { get; set; }

        internal long FirstSeen { get; init; }

        internal long LastSeen { get; set; }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "all have their series again within --max-series {Limit}")]
    private partial void Enough(int limit);

    [LoggerMessage(Level = LogLevel.Warning, Message = "--max-series {Limit} is not enough: {LeftOut} of {All} have no series, counted by {Subject}")]
    private partial void NotEnough(int limit, int leftOut, int all, string subject);

    [LoggerMessage(Level = LogLevel.Warning, Message = "--max-series {Limit} is less than the {Host} series of the host and the measuring, which are never left out")]
    private partial void TooFew(int limit, int host);
}
