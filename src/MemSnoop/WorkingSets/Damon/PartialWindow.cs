using MemSnoop.Disturbances;

namespace MemSnoop.WorkingSets.Damon;

/// <summary>
/// A window of one process, which other windows of the process may have divided: each walk clears what it counts. How much of the memory that was used in one part was used in
/// another is not known, so that at least the largest part was used, and at most all of them together.
/// </summary>
internal sealed class PartialWindow
{
    private PerKind _largest;
    private PerKind _sum;
    private int _parts;

    /// <summary>When it began.</summary>
    internal TimeSpan Start { get; private set; }

    /// <summary>How long the walk took at which it began: so much later may it have begun for one page than for another.</summary>
    internal TimeSpan Spread { get; private set; }

    /// <summary>A moment before that; held until the window ends.</summary>
    internal SharedMoment? Moment { get; private set; }

    /// <summary>What the process had read by descriptor then; null if that is not known.</summary>
    internal ulong? ReadsAtStart { get; private set; }

    /// <summary>Whether it was divided.</summary>
    internal bool IsDivided => _parts > 1;

    internal void Begin(TimeSpan start, TimeSpan spread, SharedMoment moment, ulong? reads)
    {
        End();
        (Start, Spread, Moment, ReadsAtStart) = (start, spread, moment.Hold(), reads);
        (_largest, _sum, _parts) = (default, default, 0);
    }

    /// <summary>Adds what a walk has counted.</summary>
    internal void Add(in PerKind used)
    {
        _parts++;
        _largest = new PerKind { Anon = Math.Max(_largest.Anon, used.Anon), File = Math.Max(_largest.File, used.File), Shmem = Math.Max(_largest.Shmem, used.Shmem) };
        _sum = new PerKind { Anon = _sum.Anon + used.Anon, File = _sum.File + used.File, Shmem = _sum.Shmem + used.Shmem };
    }

    /// <summary>The least and the most of a kind that was used, of what is resident now.</summary>
    internal (ulong Least, ulong Most) Of(PageKind kind, in PerKind resident) => (Math.Min(_largest[kind], resident[kind]), Math.Min(_sum[kind], resident[kind]));

    /// <summary>Lets the moment go.</summary>
    internal void End()
    {
        Moment?.Release();
        Moment = null;
    }
}
