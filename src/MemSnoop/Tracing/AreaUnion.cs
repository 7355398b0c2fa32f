namespace MemSnoop.Tracing;

/// <summary>The areas of a whole trace, from those of its samples.</summary>
internal static class AreaUnion
{
    /// <summary>
    /// Sweeps the borders of all distinct areas upwards. Only one of the latest areas at an address is valid, since areas of one sample never overlap.
    /// </summary>
    internal static IReadOnlyList<TracedArea> Of(IReadOnlyList<PageSample> samples)
    {
        TracedArea[] areas = Latest(samples, out Dictionary<TracedArea, int> lastSeen);
        ulong[] borders = [.. areas.SelectMany(static area => new[] { area.Start, area.End }).Distinct().Order()];
        PriorityQueue<TracedArea, int> covering = new();
        List<TracedArea> union = [];
        int next = 0;
        for (int index = 0; index + 1 < borders.Length; index++)
        {
            for (; next < areas.Length && areas[next].Start == borders[index]; next++)
            {
                covering.Enqueue(areas[next], -lastSeen[areas[next]]);
            }

            while (covering.TryPeek(out TracedArea top, out _) && top.End <= borders[index])
            {
                covering.Dequeue();
            }

            if (covering.TryPeek(out TracedArea latest, out _))
            {
                Append(union, latest with { Start = borders[index], End = borders[index + 1] });
            }
        }

        return union;
    }

    private static TracedArea[] Latest(IReadOnlyList<PageSample> samples, out Dictionary<TracedArea, int> lastSeen)
    {
        lastSeen = [];
        for (int sample = 0; sample < samples.Count; sample++)
        {
            // Samples share their list while the address space stays as it is.
            if (sample + 1 < samples.Count && ReferenceEquals(samples[sample].Areas, samples[sample + 1].Areas))
            {
                continue;
            }

            foreach (TracedArea area in samples[sample].Areas)
            {
                lastSeen[area] = sample;
            }
        }

        return [.. lastSeen.Keys.Where(static area => area.End > area.Start).OrderBy(static area => area.Start)];
    }

    private static void Append(List<TracedArea> union, TracedArea area)
    {
        if (union.Count > 0 && union[^1] is TracedArea last
            && last.End == area.Start && last.Name == area.Name && last.Permissions == area.Permissions)
        {
            union[^1] = last with { End = area.End };
        }
        else
        {
            union.Add(area);
        }
    }
}
