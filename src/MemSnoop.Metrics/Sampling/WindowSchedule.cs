namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// When passes begin: at the start, after 2, 6, 14, ... seconds, and then at the multiples of the interval. So the first windows are short and double until they
/// reach the interval, and there is something to see at once. A pass in several parts has them spread evenly over the time to the next pass; there the first
/// short windows are as long as the parts of two passes are apart. Where windows are open already that an exporter before began, there are no shorter ones. A tick that passes before it could run is skipped and counted, and never made up for.
/// </summary>
internal sealed class WindowSchedule
{
    /// <summary>The first window. An interval that is not longer has no shorter windows before it.</summary>
    internal static readonly TimeSpan FirstWindow = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _clock;
    private readonly TimeSpan _interval;
    private readonly int _parts;
    private readonly long _first;
    private readonly List<TimeSpan> _ramp = [TimeSpan.Zero];
    private readonly Lock _gate = new();
    private long _slot;
    private long _skipped;

    private readonly bool _areOpen;

    /// <summary>A schedule whose first tick is now.</summary>
    /// <param name="interval">The length of a window.</param>
    /// <param name="parts">Into how many parts a pass is divided.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="areOpen">Whether windows are open already, which the first pass ends.</param>
    internal WindowSchedule(TimeSpan interval, int parts, TimeProvider clock, bool areOpen = false)
    {
        _areOpen = areOpen;
        _interval = interval;
        _parts = parts;
        _clock = clock;
        _first = clock.GetTimestamp();

        // The window that ends at the interval is never shorter than the one before it.
        TimeSpan end = FirstWindow;
        for (TimeSpan window = FirstWindow; !areOpen && interval - end >= window; end += window)
        {
            _ramp.Add(end);
            window *= 2;
        }
    }

    /// <summary>The time since the first tick.</summary>
    internal TimeSpan Elapsed => _clock.GetElapsedTime(_first);

    /// <summary>When the tick is due that is to run next, counted from the first one.</summary>
    internal TimeSpan Next => DueAt(_slot);

    /// <summary>Ticks skipped so far because the one before them had not ended, or has not yet. For any thread.</summary>
    internal long Skipped
    {
        get
        {
            lock (_gate)
            {
                return _skipped + PassedAt(Elapsed);
            }
        }
    }

    /// <summary>How many passes there are until windows have ended: the first one only begins them, unless they are open already.</summary>
    internal int PassesToFirstEnd => _areOpen ? 1 : 2;

    /// <summary>When the first windows end, counted from the first tick: with the last part of that pass.</summary>
    internal TimeSpan FirstEnd => DueAt((PassesToFirstEnd * _parts) - 1);

    /// <summary>Whether there are shorter windows at first.</summary>
    internal bool HasRamp => _ramp.Count > 1;

    /// <summary>Whether windows are as long as the interval from now on.</summary>
    internal bool IsSteady => _slot / _parts > _ramp.Count;

    /// <summary>Moves to the next tick in the future.</summary>
    internal void Advance()
    {
        lock (_gate)
        {
            long passed = PassedAt(Elapsed);
            _skipped += passed;
            _slot += passed + 1;
        }
    }

    /// <summary>How many ticks were due by a time that come after the one that is to run next. There can be millions: the search takes steps that double, and then that halve.</summary>
    private long PassedAt(TimeSpan now)
    {
        long passed = 0;
        long step = 1;
        for (; DueAt(_slot + passed + step) < now; step *= 2)
        {
            passed += step;
        }

        for (; step > 0; step /= 2)
        {
            passed += DueAt(_slot + passed + step) < now ? step : 0;
        }

        return passed;
    }

    /// <summary>When the tick is due that comes a number of ticks after the next one.</summary>
    internal TimeSpan After(int ticks) => DueAt(_slot + ticks);

    private TimeSpan DueAt(long slot)
    {
        (long pass, long part) = Math.DivRem(slot, _parts);
        TimeSpan begin = BeginOf(pass);
        return part == 0 ? begin : begin + ((BeginOf(pass + 1) - begin) * part / _parts);
    }

    private TimeSpan BeginOf(long pass) => pass < _ramp.Count ? _ramp[(int)pass] : (pass - _ramp.Count + 1) * _interval;
}
