using MemSnoop.Processes;

namespace MemSnoop.Exporter.View.History;

/// <summary>
/// The last hour of what is largest, in memory that is bounded whatever happens on the host: 200 processes, 450 containers and 50 groups, each with a ring of 120 moments. The moments are the
/// same for all. A ring is taken from whoever has ended, or from a process that has become small, and given to another.
/// </summary>
/// <param name="bands">How many bands of idle memory there are.</param>
internal sealed class HistoryRings(int bands)
{
    internal const int MostProcesses = 200;
    internal const int MostContainers = 450;
    internal const int MostGroups = 50;

    /// <summary>How many moments an hour has.</summary>
    internal const int Moments = 120;

    /// <summary>How much history there is.</summary>
    internal static readonly TimeSpan Length = TimeSpan.FromHours(1);

    /// <summary>The shortest time between two moments. Of shorter windows, not each is kept.</summary>
    internal static readonly TimeSpan Step = Length / Moments;

    // Windows end a little early as often as late; of those that are as long as a step, none is to be left out.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(0.5);

    private readonly double[] _times = new double[Moments];
    private readonly HistoryTable<ProcessIdentity> _processes = new(MostProcesses, SeriesOf(bands));
    private readonly HistoryTable<string> _containers = new(MostContainers, SeriesOf(bands));
    private readonly HistoryTable<string> _groups = new(MostGroups, SeriesOf(bands));
    private long _moment = -1;

    /// <summary>The most memory that the rings can take, in bytes.</summary>
    internal static long MaxBytes(int bands) => (MostProcesses + MostContainers + MostGroups) * HistoryRing.BytesOf(SeriesOf(bands));

    /// <summary>The memory that they take now, in bytes.</summary>
    internal long Bytes => _processes.Bytes + _containers.Bytes + _groups.Bytes;

    internal HistoryTable<ProcessIdentity> Processes => _processes;

    internal HistoryTable<string> Containers => _containers;

    internal HistoryTable<string> Groups => _groups;

    /// <summary>The number of the last moment; -1 before the first.</summary>
    internal long Moment => _moment;

    /// <summary>When a moment was, in seconds since the Unix epoch.</summary>
    internal double TimeOf(long moment) => _times[moment % Moments];

    /// <summary>The first moment that is still known and not older than an hour.</summary>
    internal long First(double now)
    {
        long first = Math.Max(0, _moment - Moments + 1);
        while (first <= _moment && TimeOf(first) < now - Length.TotalSeconds)
        {
            first++;
        }

        return first;
    }

    /// <summary>Whether it is time for another moment.</summary>
    internal bool IsDue(double now) => _moment < 0 || now - TimeOf(_moment) >= (Step - Slack).TotalSeconds || now < TimeOf(_moment);

    /// <summary>Begins another moment.</summary>
    internal void Begin(double now)
    {
        _moment++;
        _times[_moment % Moments] = now;
    }

    private static int SeriesOf(int bands) => HistorySeries.Fixed + bands;
}
