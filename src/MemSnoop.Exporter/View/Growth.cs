using MemSnoop.Exporter.View.History;

namespace MemSnoop.Exporter.View;

/// <summary>
/// By how much resident memory grows: the slope of the line that is nearest to all moments of the last hour (least squares). 0 if that is less, from the first moment to the last, than the history tells
/// apart.
/// </summary>
internal static class Growth
{
    /// <summary>A shorter history says nothing of an hour.</summary>
    internal static readonly TimeSpan Shortest = TimeSpan.FromMinutes(5);

    internal static double? Of(HistoryRing? ring, HistoryRings rings, double now)
    {
        if (ring is null)
        {
            return null;
        }

        long first = Math.Max(rings.First(now), ring.First);
        if (rings.Moment - first < 2 || rings.TimeOf(rings.Moment) - rings.TimeOf(first) < Shortest.TotalSeconds)
        {
            return null;
        }

        ulong most = 0;
        double n = 0, sumTime = 0, sumBytes = 0, sumTimeTime = 0, sumTimeBytes = 0;
        for (long moment = first; moment <= rings.Moment; moment++)
        {
            if (ring.Get(HistorySeries.Resident, moment) is { } bytes)
            {
                double time = rings.TimeOf(moment) - rings.TimeOf(first);
                most = Math.Max(most, bytes);
                n++;
                sumTime += time;
                sumBytes += bytes;
                sumTimeTime += time * time;
                sumTimeBytes += time * bytes;
            }
        }

        double spread = (n * sumTimeTime) - (sumTime * sumTime);
        if (spread <= 0)
        {
            return null;
        }

        // A page more can be the next code, which is a megabyte further where a process holds two gigabytes. In the middle of the history that makes the line rise by one and a half steps.
        double slope = ((n * sumTimeBytes) - (sumTime * sumBytes)) / spread;
        double change = Math.Abs(slope) * (rings.TimeOf(rings.Moment) - rings.TimeOf(first));
        return change > 3 * LogCode.MaxError * most ? Math.Round(slope * 3600) : 0;
    }
}
