using MemSnoop.Exporter.View.History;

namespace MemSnoop.Exporter.View;

/// <summary>The last hour of a process, a container or a group: series over the same moments, the oldest first. In them, null is what is not known.</summary>
internal sealed record HistoryView
{
    /// <summary>When each moment was, in seconds since the Unix epoch.</summary>
    public required IReadOnlyList<double> Times { get; init; }

    public required IReadOnlyList<ulong?> ResidentBytes { get; init; }

    /// <summary>The least that the working set was.</summary>
    public required IReadOnlyList<ulong?> LowerBytes { get; init; }

    /// <summary>The most that it was; the same where the window was whole.</summary>
    public required IReadOnlyList<ulong?> UpperBytes { get; init; }

    /// <summary>Idle memory in bands that do not overlap.</summary>
    public required IReadOnlyList<BandHistoryView> Idle { get; init; }

    /// <summary>Of a process: page faults without I/O a second.</summary>
    public IReadOnlyList<double?>? MinorFaultsPerSecond { get; init; }

    /// <summary>Of a process: page faults with I/O a second.</summary>
    public IReadOnlyList<double?>? MajorFaultsPerSecond { get; init; }

    /// <summary>Of a process: processors that it kept busy.</summary>
    public IReadOnlyList<double?>? Cpus { get; init; }

    /// <summary>Of a container: what is charged to it.</summary>
    public IReadOnlyList<ulong?>? ChargedBytes { get; init; }

    /// <summary>Of a container: the most of it that was used.</summary>
    public IReadOnlyList<ulong?>? ChargedUsedBytes { get; init; }

    /// <summary>Reads a ring.</summary>
    /// <param name="ring">The ring; null if there is none.</param>
    /// <param name="rings">Knows the moments.</param>
    /// <param name="bands">The bands of idle memory.</param>
    /// <param name="kind">Whose it is.</param>
    /// <param name="now">The time, in seconds since the Unix epoch.</param>
    internal static HistoryView? Of(HistoryRing? ring, HistoryRings rings, IdleBands bands, SubjectKind kind, double now)
    {
        if (ring is null)
        {
            return null;
        }

        long first = Math.Max(rings.First(now), ring.First);
        int count = (int)Math.Max(0, rings.Moment - first + 1);
        return new HistoryView
        {
            Times = [.. Enumerable.Range(0, count).Select(at => rings.TimeOf(first + at))],
            ResidentBytes = Series(HistorySeries.Resident),
            LowerBytes = Series(HistorySeries.Lower),
            UpperBytes = Series(HistorySeries.Upper),
            Idle = [.. Enumerable.Range(0, bands.Count).Select(band => new BandHistoryView(bands.From(band), bands.To(band), Series(HistorySeries.Fixed + band)))],
            MinorFaultsPerSecond = kind == SubjectKind.Process ? Rates(HistorySeries.MinorFaults) : null,
            MajorFaultsPerSecond = kind == SubjectKind.Process ? Rates(HistorySeries.MajorFaults) : null,
            Cpus = kind == SubjectKind.Process ? Rates(HistorySeries.Cpu) : null,
            ChargedBytes = kind == SubjectKind.Container ? Series(HistorySeries.Charged) : null,
            ChargedUsedBytes = kind == SubjectKind.Container ? Series(HistorySeries.ChargedUsed) : null,
        };

        IReadOnlyList<ulong?> Series(int which) => [.. Enumerable.Range(0, count).Select(at => ring.Get(which, first + at))];

        IReadOnlyList<double?> Rates(int which) => [.. Enumerable.Range(0, count).Select(at => ring.Get(which, first + at) / 1000.0)];
    }
}

/// <summary>One band of idle memory over time.</summary>
/// <param name="FromSeconds">Idle for at least so long.</param>
/// <param name="ToSeconds">For less than so long; absent in the last band.</param>
/// <param name="Bytes">How much at each moment.</param>
internal sealed record BandHistoryView(double FromSeconds, double? ToSeconds, IReadOnlyList<ulong?> Bytes);
