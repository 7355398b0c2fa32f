using MemSnoop.Disturbances;
using MemSnoop.WorkingSets.PageIdle.Handover;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>What is charged to one container: the sum of its control groups in a pass, and what passes before left in doubt.</summary>
internal sealed class ContainerAccount(TimeSpan observedSince, long firstPass)
{
    /// <summary>As for processes, a window stays whole if this few pages, or 1 % of what is held, are doubtful.</summary>
    private const long MostInsignificantPages = 32;

    private readonly DoubtHistory?[] _doubts = new DoubtHistory?[ChargedKinds.Count];
    private PagesByKind _held;
    private PagesByKind _used;
    private PagesByKind _doubtful;
    private PagesByAge _idle;
    private Disturbance _disturbance;
    private long _fileReads;
    private long _shmemReads;
    private readonly ChargedSample _units = new();
    private TimeSpan? _sharedSince;

    /// <summary>The pass that found it first.</summary>
    internal long FirstPass { get; } = firstPass;

    /// <summary>The last pass that found something charged to it.</summary>
    internal long LastPass { get; private set; } = firstPass;

    /// <summary>Hands over since when it is known, and what is in doubt.</summary>
    internal void Write(AgesWriter writer, TimeSpan now, bool isNew)
    {
        writer.Before(observedSince, now);
        writer.Flag(isNew);
        foreach (DoubtHistory? doubts in _doubts)
        {
            writer.Flag(doubts is not null);
            doubts?.Write(writer, now);
        }
    }

    /// <summary>Takes up what was handed over.</summary>
    /// <param name="reader">Where it is.</param>
    /// <param name="now">The time of the handing over.</param>
    /// <param name="firstSeen">Nothing is known of what was before this.</param>
    /// <param name="pass">The number of the pass that was the last.</param>
    internal static ContainerAccount Read(AgesReader reader, TimeSpan now, TimeSpan firstSeen, long pass)
    {
        TimeSpan since = reader.Before(now);
        ContainerAccount account = new(since > firstSeen ? since : firstSeen, reader.Flag() ? pass : pass - 1) { LastPass = pass };
        foreach (ref DoubtHistory? doubts in account._doubts.AsSpan())
        {
            if (reader.Flag())
            {
                doubts = new DoubtHistory();
                doubts.Read(reader, now);
            }
        }

        return account;
    }

    /// <summary>Adds the frames of one of its groups.</summary>
    internal void Add(ChargedGroup group, long pass)
    {
        LastPass = pass;
        _held.Add(group.Held);
        _used.Add(group.Used);
        _doubtful.Add(group.Doubtful);
        _idle.Add(group.Idle);
        _disturbance = group.Disturbance > _disturbance ? group.Disturbance : _disturbance;
    }

    /// <summary>Adds idle pages that its processes map and may have read by descriptor, which left no trace.</summary>
    internal void AddHiddenReads(long file, long shmem)
    {
        _fileReads += file;
        _shmemReads += shmem;
    }

    /// <summary>Adds what a group of it has in one unit of a share of memory.</summary>
    internal void AddToUnit(in PagesByKind held, in PagesByKind used) => _units.AddToUnit(held, used);

    /// <summary>Ends the unit; again does nothing.</summary>
    internal void EndUnit() => _units.EndUnit();

    /// <summary>Adds what is charged to a topmost group of it, in bytes; null if that is not known.</summary>
    internal void AddCharge(ulong? bytes, ulong pageBytes) => _units.AddCharge(bytes, pageBytes);

    /// <summary>Has the share that was counted stand for all memory. False if too little is in it to tell anything.</summary>
    /// <param name="fraction">The share.</param>
    /// <param name="sharedSince">Since when all of it is watched; null if it never grew.</param>
    internal bool TryScale(double fraction, TimeSpan? sharedSince)
    {
        if (!_units.TryWeigh(fraction))
        {
            return false;
        }

        _sharedSince = sharedSince;
        _held.Scale(_units.Weight);
        _used.Scale(_units.Weight);
        _doubtful.Scale(_units.Weight);
        _idle.Scale(_units.Weight);
        return true;
    }

    /// <summary>Ends a pass: what it found, as a sample.</summary>
    internal ContainerMemorySample Complete(TimeSpan now, IdleAges ages, ulong pageBytes)
    {
        AddReads(ChargedKind.File, _fileReads);
        AddReads(ChargedKind.Shmem, _shmemReads);
        long held = _held[0] + _held[1] + _held[2] + _held[3];
        ChargedMemoryByKind kinds = default;
        for (int kind = 0; kind < ChargedKinds.Count; kind++)
        {
            kinds[kind] = ToMemory((ChargedKind)kind, now, ages, pageBytes, Math.Max(held / 100, MostInsignificantPages));
        }

        Clear();
        return new ContainerMemorySample { Kinds = kinds };
    }

    /// <summary>Drops what was counted in a pass that is not published.</summary>
    internal void Clear()
    {
        (_held, _used, _doubtful, _idle, _disturbance) = (default, default, default, default, Disturbance.None);
        (_fileReads, _shmemReads) = (0, 0);
        _units.Clear();
        _sharedSince = null;
    }

    private void AddReads(ChargedKind kind, long pages)
    {
        if (pages > 0)
        {
            _doubtful[(int)kind] += pages;
            _disturbance = Disturbance.FileRead > _disturbance ? Disturbance.FileRead : _disturbance;
        }
    }

    private ChargedMemory ToMemory(ChargedKind kind, TimeSpan now, IdleAges ages, ulong pageBytes, long significant)
    {
        Span<long> idle = _idle.Of(kind);
        long doubtful = Math.Min(_doubtful[(int)kind], _held[(int)kind] - _used[(int)kind]);
        if (doubtful > 0 || _doubts[(int)kind] is not null)
        {
            (_doubts[(int)kind] ??= new DoubtHistory()).Add(now, doubtful, ages[ages.Count - 1]);
        }

        IdleBytes bytes = default;
        bytes[0] = (ulong)_held[(int)kind] * pageBytes;
        int known = ages.CountReached(now - (_sharedSince > observedSince ? _sharedSince.Value : observedSince));
        for (int age = 1; age < known; age++)
        {
            long pages = 0;
            foreach (long some in idle[(age + 1)..])
            {
                pages += some;
            }

            long since = _doubts[(int)kind]?.Since(now - ages[age]) ?? 0;
            if (since > 0 && since >= pages && pages > 0)
            {
                known = age;
                break;
            }

            bytes[age] = (ulong)Math.Max(0, pages - since) * pageBytes;
        }

        bool isWhole = doubtful <= significant;
        return new ChargedMemory
        {
            HeldBytes = (ulong)_held[(int)kind] * pageBytes,
            UsedBytes = (ulong)_used[(int)kind] * pageBytes,
            DoubtfulBytes = isWhole ? 0 : (ulong)doubtful * pageBytes,
            Disturbance = isWhole ? Disturbance.None : _disturbance,
            Idle = bytes,
            KnownAges = known,
            ErrorBytes = _units.ErrorOf(kind, pageBytes),
        };
    }
}
