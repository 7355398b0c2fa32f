namespace MemSnoop.Exporter.View.History;

/// <summary>The last hour of one process, container or group.</summary>
/// <param name="series">How many series it has.</param>
internal sealed class HistoryRing(int series)
{
    // Beside the values: two objects and their headers, entries in a dictionary, a queue and a stack, which are larger than their count by up to a half.
    private const int OverheadBytes = 240;

    private readonly ushort[] _codes = new ushort[series * HistoryRings.Moments];

    /// <summary>How much memory a ring takes, in bytes, with its place in a table.</summary>
    internal static long BytesOf(int series) => ((long)series * HistoryRings.Moments * sizeof(ushort)) + OverheadBytes;

    /// <summary>The moment it begins with.</summary>
    internal long First { get; private set; }

    /// <summary>The moment it was kept for last.</summary>
    internal long Last { get; private set; }

    /// <summary>Running totals as of the last moment, to make rates of.</summary>
    internal HistoryTotals Totals { get; set; }

    /// <summary>Begins anew, for another.</summary>
    internal void Begin(long moment)
    {
        (First, Last, Totals) = (moment, moment, default);
        Row(moment).Clear();
    }

    /// <summary>Goes on with the next moment.</summary>
    internal void Keep(long moment)
    {
        Last = moment;
        Row(moment).Clear();
    }

    /// <summary>Notes a number of the last moment.</summary>
    internal void Set(int which, ulong value) => Row(Last)[which] = LogCode.Encode(value);

    /// <summary>A number of a moment; null if it is not known.</summary>
    internal ulong? Get(int which, long moment) => moment < First || moment > Last || moment <= Last - HistoryRings.Moments ? null : LogCode.Decode(Row(moment)[which]);

    private Span<ushort> Row(long moment) => _codes.AsSpan((int)(moment % HistoryRings.Moments) * series, series);
}

/// <summary>What a process has counted since its start.</summary>
/// <param name="At">When, in seconds since the Unix epoch; 0 for never.</param>
/// <param name="MinorFaults">Page faults without I/O.</param>
/// <param name="MajorFaults">Page faults with I/O.</param>
/// <param name="CpuTicks">Processor time in clock ticks.</param>
internal readonly record struct HistoryTotals(double At, ulong MinorFaults, ulong MajorFaults, ulong CpuTicks);
