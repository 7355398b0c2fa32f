namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// Decides which share of memory the next pass measures, so that passes, looks and readings together keep within a part of a processor. What a pass costs is known only afterwards, and passes over
/// the same memory differ. So the share follows what several passes cost: it shrinks when two in a row took clearly too much, or five a little too much, and grows when nearly all of them took
/// less. What comes into a share has no ages yet, so a share that goes up and down with every pass would have none at all.
/// </summary>
/// <param name="limit">Processor time for each second, in cores.</param>
/// <param name="interval">The length of a window: one pass falls on it.</param>
/// <param name="leastPages">Of so many pages a sample is of use. A share of fewer would cost about as much, since of each process so many are measured in any case.</param>
/// <param name="readings">What readings have cost so far.</param>
internal sealed class CpuBudget(double limit, TimeSpan interval, long leastPages, Func<TimeSpan> readings)
{
    /// <summary>
    /// What a page costs at most, before a pass has told: with it the first share is chosen. Measured are 0.05 to 0.5 µs; a share that was chosen too small grows after the first minute.
    /// </summary>
    private const double FirstGuess = 1e-6;

    /// <summary>In the first minute, passes come that often within one interval.</summary>
    private const double RampPasses = 6;

    /// <summary>What is aimed at: a little below the limit, since passes do not cost the same each time.</summary>
    private const double Aim = 0.92;

    /// <summary>Two passes in a row above this part of the limit are no accident.</summary>
    private const double ClearlyOver = 1.25;

    /// <summary>So many passes tell whether a share keeps to the limit.</summary>
    private const int PassesThatTell = 5;

    /// <summary>Where so few passes took less than half of the limit, the share grows without waiting for more.</summary>
    private const int PassesBelowHalf = 3;

    /// <summary>The share grows if hardly any pass takes more than this part of the limit.</summary>
    private const double Low = 0.92;

    /// <summary>Where all memory would take no more than this part of the limit, and an expensive pass no more than that, all is measured.</summary>
    private const double Fits = 0.95;
    private const double FitsAtMost = 1.05;

    /// <summary>A share does not grow more at once: a guess that is wrong costs some passes too much.</summary>
    private const double MostGrowth = 4;

    /// <summary>Memory that comes into the share costs that much more in its first pass (measured: 2.2): each page is looked up and marked. So growth is taken in steps that keep to the limit.</summary>
    private const double EnteringCost = 2.3;

    /// <summary>Shrinking again and again did not help enough: what a pass costs in any case is a large part of it. Then the steps grow, up to this power.</summary>
    private const int LongestStep = 4;

    /// <summary>With the least share and over the limit by this, there is no time for anything.</summary>
    private const double Excess = 1.1;

    /// <summary>After so many windows without numbers it is tried again: processes may have ended.</summary>
    private const int PassesBeforeAnotherTry = 60;

    private readonly RecentPasses _recent = new();
    private double _share = -1;
    private double _leastShare;
    private TimeSpan _readings;
    private TimeSpan _looks;
    private int _stepsDown;
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
        _leastShare = Math.Min(1, leastPages / Math.Max(1.0, pages));
        if (_share < 0)
        {
            // Nothing is known of what a page costs.
            double affordable = limit * interval.TotalSeconds / (isSteady ? 1 : RampPasses);
            _share = Math.Clamp(affordable / (Math.Max(1, pages) * FirstGuess), _leastShare, 1);
        }
        else if (_without > 0 && ++_without > PassesBeforeAnotherTry)
        {
            (_without, _share) = (0, _leastShare);
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

        // Looks and readings of the first seconds say little of an interval, and the first share was chosen with care.
        double others = other / elapsed;
        double affordable = isSteady ? Math.Max(limit - others, limit / 100) : limit;
        double cost = cpu / interval;
        Whole = others + (cost / _share);
        Least = double.NaN;
        if (isSteady)
        {
            Adapt(cost / affordable, affordable, others);
        }
        else if (cost > affordable)
        {
            // Nothing is known of ages yet that could be lost.
            _share = Math.Max(_leastShare, _share * Aim * affordable / cost);
        }

        _wasSteady = isSteady;
    }

    private void Adapt(double part, double affordable, double others)
    {
        if (_isEntering)
        {
            _isEntering = false;
            if (part < 2)
            {
                // What came into the share cost more than it will.
                return;
            }
        }

        _recent.Add(part);
        bool isClear = _recent.Count > 1 && _recent.LeastOfTwo > ClearlyOver;
        bool hasTold = _recent.Count >= PassesThatTell;
        if (isClear || (hasTold && _recent.Typical > 1))
        {
            Shrink(isClear ? _recent.LeastOfTwo : _recent.Typical, affordable, others);
            return;
        }

        _stepsDown = hasTold ? 0 : _stepsDown;
        bool fits = _recent.Typical / _share < Fits && _recent.High / _share < FitsAtMost;
        if (_share < 1 && ((!_wasSteady && part < Low) || (_recent.Count >= PassesBelowHalf && _recent.High < 0.5) || (hasTold && (_recent.High < Low || fits))))
        {
            Grow(fits);
        }
    }

    private void Shrink(double part, double affordable, double others)
    {
        if (_share > _leastShare)
        {
            _stepsDown = Math.Min(_stepsDown + 1, LongestStep);
            Change(Math.Max(_leastShare, _share * Math.Pow(Aim / part, _stepsDown)));
        }
        else if (part > Excess)
        {
            (Least, Whole, _without) = (others + (part * affordable), double.NaN, 1);
            _recent.Clear();
        }
    }

    private void Grow(bool fits)
    {
        double growth = Math.Clamp(1 + ((1 - _recent.High) / Math.Max(1e-9, EnteringCost * _recent.High)), 1, MostGrowth);
        Change(fits && growth * _share > 0.8 ? 1 : Math.Min(1, growth * _share));
        _isEntering = true;
    }

    private void Change(double share)
    {
        _share = share;
        _recent.Clear();
    }
}
