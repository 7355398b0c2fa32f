using MemSnoop.Exporter.View.History;

namespace MemSnoop.Exporter.View;

/// <summary>The last hour in a few points, for a line that is as small as a word.</summary>
/// <param name="ResidentBytes">Resident memory, the oldest first.</param>
/// <param name="UsedBytes">The most that the working set was, at the same moments.</param>
internal sealed record SparkView(IReadOnlyList<ulong?> ResidentBytes, IReadOnlyList<ulong?> UsedBytes)
{
    /// <summary>How many points there are at most.</summary>
    internal const int MostPoints = 30;

    internal static SparkView? Of(HistoryRing? ring, HistoryRings rings, double now)
    {
        if (ring is null)
        {
            return null;
        }

        long first = Math.Max(rings.First(now), ring.First);
        long count = rings.Moment - first + 1;
        if (count < 2)
        {
            return null;
        }

        int points = (int)Math.Min(count, MostPoints);
        ulong?[] resident = new ulong?[points];
        ulong?[] used = new ulong?[points];
        for (int point = 0; point < points; point++)
        {
            // The first and the last are among them.
            long moment = first + (point * (count - 1) / (points - 1));
            resident[point] = ring.Get(HistorySeries.Resident, moment);
            used[point] = ring.Get(HistorySeries.Upper, moment);
        }

        return new SparkView(resident, used);
    }
}
