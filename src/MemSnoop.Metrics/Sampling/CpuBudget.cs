namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// Decides which share of memory the next pass measures, so that passes, looks and readings together keep within a part of a processor. What a pass costs is known only afterwards, so the share
/// follows what the passes before cost. It shrinks at once, and grows only after the cost was clearly lower for a while: what comes into a share has no ages yet.
/// </summary>
/// <param name="limit">Processor time for each second, in cores.</param>
/// <param name="interval">The length of a window: one pass falls on it.</param>
/// <param name="readings">What readings have cost so far.</param>
internal sealed class CpuBudget(double limit, TimeSpan interval, Func<TimeSpan> readings)
{
    /// <summary>
    /// What a page costs at most, before a pass has told: with it the first share is chosen. Measured are 0.05 to 0.5 µs; a share that was chosen too small grows after the first minute.
    /// </summary>
    private const double FirstGuess = 1e-6;

    /// <summary>In the first minute, passes come that often within one interval.</summary>
    private const double RampPasses = 6;

    /// <summary>What is aimed at: a little below the limit, since passes do not cost the same each time.</summary>
    private const double Aim = 0.95;

    /// <summary>Where all memory would take no more than this part of it, all is measured.</summary>
    private const double Fits = 0.97;

    /// <summary>Below this part of the limit, for <see cref="PassesBeforeGrowth"/> passes, the share grows.</summary>
    private const double Low = 0.9;
    private const int PassesBeforeGrowth = 5;

    /// <summary>Below half of the limit it grows sooner, by so much at most: a guess that is wrong costs one pass too much.</summary>
    private const int PassesBeforeLargeGrowth = 2;
    private const double MostGrowth = 2;

    /// <summary>Memory that comes into the share costs that much more in its first pass (measured: 2.2): each page is looked up and marked. So growth is taken in steps that keep to the limit.</summary>
    private const double EnteringCost = 2.3;

    /// <summary>A share below this changes nothing any more: of each process a few units are measured in any case.</summary>
    private const double LeastShare = 1e-6;

    /// <summary>With the least share and over the limit by this, for so many passes, there is no time for anything.</summary>
    private const double Excess = 1.1;
    private const int PassesBeforeNothing = 3;

    /// <summary>After so many windows without numbers it is tried again: processes may have ended.</summary>
    private const int PassesBeforeAnotherTry = 60;

    private double _share = -1;
    private TimeSpan _readings;
    private TimeSpan _looks;
    private int _low;
    private double _lowCost;
    private double _triedShare = double.NaN;
    private double _triedCost;
    private int _over;
    private int _without;
    private bool _wasSteady;
    private bool _isEntering;

    /// <summary>The limit, in cores.</summary>
    internal double Limit => limit;

    /// <summary>What passes, looks and readings took between the last two passes, in cores; NaN before that is known.</summary>
    internal double Used { get; private set; } = double.NaN;

    /// <summary>What it would take to measure anything, in cores; NaN while there are numbers.</summary>
    internal double Least { get; private set; } = double.NaN;

    /// <summary>About what it would take to measure all memory, in cores; NaN before it is known. An upper bound: what a pass costs in any case is multiplied as well.</summary>
    internal double Whole { get; private set; } = double.NaN;

    /// <summary>Adds what a look at new processes cost.</summary>
    internal void AddLook(TimeSpan cpu) => _looks += cpu;

    /// <summary>Begins with a share that was found before this start. Another would lose ages.</summary>
    internal void GoOnWith(double share) => (_share, _wasSteady) = (share, true);

    /// <summary>The share that the next pass is to measure.</summary>
    /// <param name="pages">Resident pages of all watched processes.</param>
    /// <param name="isSteady">Whether windows are as long as the interval by now.</param>
    internal double Next(long pages, bool isSteady)
    {
        if (_share < 0)
        {
            // Nothing is known of what a page costs, or no longer.
            double affordable = limit * interval.TotalSeconds / (isSteady ? 1 : RampPasses);
            _share = Math.Clamp(affordable / (Math.Max(1, pages) * FirstGuess), LeastShare, 1);
        }
        else if (_without > 0 && ++_without > PassesBeforeAnotherTry)
        {
            (_without, _over, _share) = (0, 0, LeastShare);
        }

        return _without > 0 ? 0 : _share;
    }

    /// <summary>Notes what a pass cost.</summary>
    /// <param name="cpu">Its processor time.</param>
    /// <param name="since">The time since the pass before began; null for the first.</param>
    /// <param name="isSteady">Whether windows are as long as the interval by now.</param>
    internal void EndPass(TimeSpan cpu, TimeSpan? since, bool isSteady)
    {
        TimeSpan read = readings();
        TimeSpan other = read - _readings + _looks;
        (_readings, _looks) = (read, TimeSpan.Zero);
        if (since is not { } elapsed || elapsed <= TimeSpan.Zero)
        {
            // The first pass only marks, and nothing says what readings cost.
            return;
        }

        Used = (cpu + other) / elapsed;
        if (_without > 0)
        {
            return;
        }

        double others = other / elapsed;
        double cost = cpu / interval;

        // Looks and readings of the first seconds say little of an interval, and the first share was chosen with care.
        double affordable = isSteady ? limit - others : limit;
        Whole = others + (cost / _share);
        Least = double.NaN;
        Adapt(cost, affordable, others, isSteady);
        _wasSteady = isSteady;
    }

    private void Adapt(double cost, double affordable, double others, bool isSteady)
    {
        if (_isEntering && cost < affordable * Aim * 2)
        {
            // What came into the share cost more than it will.
            _isEntering = false;
            return;
        }

        _isEntering = false;
        if (cost > affordable)
        {
            _low = 0;
            bool isLeast = _share <= LeastShare;
            _over = isSteady && isLeast && cost > affordable * Excess ? _over + 1 : 0;
            if (_over >= PassesBeforeNothing)
            {
                Least = others + cost;
                Whole = double.NaN;
                _without = 1;
                return;
            }

            Change(Math.Max(LeastShare, _share * Math.Clamp(((Aim * affordable) - InAnyCase(cost)) / Math.Max(1e-9, cost - InAnyCase(cost)), 0.05, Aim)), cost);
            return;
        }

        _over = 0;
        if (!isSteady)
        {
            return;
        }

        if (_share <= LeastShare)
        {
            // There is time again, and to grow from so little would take an hour.
            _share = -1;
            return;
        }

        bool fitsWhole = cost / _share < affordable * Fits;
        if (_share >= 1 || (cost > affordable * Low && !fitsWhole))
        {
            _low = 0;
            return;
        }

        _lowCost = _low == 0 ? cost : Math.Max(_lowCost, cost);
        _low++;

        // When the first minute has ended, nothing is known of ages yet that could be lost.
        bool isEarly = !_wasSteady;
        if (isEarly || _low >= (_lowCost < affordable / 2 ? PassesBeforeLargeGrowth : PassesBeforeGrowth))
        {
            double growth = 1 + ((affordable - _lowCost) / Math.Max(1e-9, EnteringCost * (_lowCost - InAnyCase(_lowCost))));
            Change(Math.Min(1, _share * Math.Clamp(growth, 1, MostGrowth)), _lowCost);
            (_low, _isEntering) = (0, true);
        }
    }

    /// <summary>What a pass costs whatever the share is: known once two shares have been tried that differ.</summary>
    private double InAnyCase(double cost)
    {
        double slope = Math.Abs(_share - _triedShare) > _share / 10 ? (cost - _triedCost) / (_share - _triedShare) : double.NaN;
        return slope > 0 ? Math.Clamp(cost - (slope * _share), 0, cost) : 0;
    }

    private void Change(double share, double cost) => (_triedShare, _triedCost, _share) = (_share, cost, share);
}
