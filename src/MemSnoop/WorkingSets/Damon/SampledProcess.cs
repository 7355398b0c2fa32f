using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.WorkingSets.Damon;

/// <summary>The state of one process from window to window, where samples of its pages are watched.</summary>
internal sealed class SampledProcess(ProcessIdentity identity) : MonitoredProcess(identity)
{
    /// <summary>The samples that DAMON watches now.</summary>
    internal SampleSet Watched { get; private set; } = new();

    /// <summary>The samples of the last walk, if it has walked since DAMON was switched; see <see cref="HasWalked"/>.</summary>
    internal SampleSet Walked { get; private set; } = new();

    /// <summary>Whether <see cref="Walked"/> is newer than <see cref="Watched"/>.</summary>
    internal bool HasWalked { get; set; }

    /// <summary>The samples that are to be watched next.</summary>
    internal SampleSet Wanted => HasWalked ? Walked : Watched;

    /// <summary>The rates by which <see cref="Watched"/> was chosen; null before the first walk.</summary>
    internal SampleRate? Rate { get; set; }

    /// <summary>The rates by which <see cref="Walked"/> was chosen.</summary>
    internal SampleRate WalkedRate { get; set; } = new();

    /// <summary>Resident pages as of the last walk.</summary>
    internal PerKind Resident;

    /// <summary>Since when it has been watched; null before.</summary>
    internal TimeSpan? FirstStart { get; set; }

    /// <summary>When the running window of the passes began; null before the first.</summary>
    internal TimeSpan? WindowStart { get; set; }

    /// <summary>What <see cref="SampledTargets.Unwatched"/> was then.</summary>
    internal TimeSpan UnwatchedAtStart { get; set; }

    /// <summary>A moment before that.</summary>
    internal SharedMoment? Moment { get; set; }

    /// <summary>When DAMON last told of it.</summary>
    internal TimeSpan SeenAt { get; set; } = TimeSpan.MinValue;

    /// <summary>What disturbed its windows.</summary>
    internal Bound Bound { get; } = new();

    /// <summary>What it had read by descriptor when the window began; null if that is not known.</summary>
    internal ulong? ReadsAtStart { get; set; }

    /// <summary>Windows that somebody has asked for and that have not ended.</summary>
    internal int OpenWindows { get; set; }

    /// <inheritdoc/>
    internal override bool HasOpenWindows => OpenWindows > 0;

    /// <summary>The samples of the walk are those that are watched from now on.</summary>
    internal void Adopt(TimeSpan now)
    {
        Walked.Inherit(Watched, Rate, now);
        (Watched, Walked) = (Walked, Watched);
        Rate = WalkedRate;
        HasWalked = false;
    }

    /// <summary>Begins the window of the passes.</summary>
    internal void Begin(TimeSpan now, TimeSpan unwatched, SharedMoment moment)
    {
        FirstStart ??= now;
        (WindowStart, UnwatchedAtStart) = (now, unwatched);
        SharedMoment? before = Moment;
        Moment = moment.Hold();
        before?.Release();
    }

    /// <summary>Lets the moment go with which the running window began.</summary>
    internal override void Forget()
    {
        Moment?.Release();
        Moment = null;
        WindowStart = null;
    }
}
