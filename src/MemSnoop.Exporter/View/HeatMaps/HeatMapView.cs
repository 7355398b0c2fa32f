namespace MemSnoop.Exporter.View.HeatMaps;

/// <summary>What a recording costs, told before it begins.</summary>
internal sealed record HeatMapCost
{
    /// <summary>The version of this form; see <see cref="Overview.Version"/>.</summary>
    public int Version { get; init; } = 1;

    /// <summary>How many windows there are.</summary>
    public required int Windows { get; init; }

    /// <summary>How long it takes.</summary>
    public required double Seconds { get; init; }

    /// <summary>Processor time for all of it, by what the last pass took for a byte; absent before the first.</summary>
    public double? CpuSeconds { get; init; }

    /// <summary>The most memory that the exporter needs for it.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>The same as a sentence.</summary>
    public required string Words { get; init; }

    /// <summary>Whether whoever asks may record.</summary>
    public required bool MayRecord { get; init; }

    /// <summary>Why not: one word; absent if so.</summary>
    public string? Reason { get; init; }

    /// <summary>The same as a sentence, with the command that does it.</summary>
    public string? Error { get; init; }
}

/// <summary>A recording: how far it is, and what there is of it.</summary>
internal sealed record HeatMapView
{
    /// <summary>The version of this form; see <see cref="Overview.Version"/>.</summary>
    public int Version { get; init; } = 1;

    public required long Id { get; init; }

    /// <summary>The process: <c>PID-STARTTICKS</c>.</summary>
    public required string Process { get; init; }

    /// <summary>Its name. Untrusted text.</summary>
    public required string Name { get; init; }

    /// <summary><c>recording</c>, <c>complete</c>, <c>stopped</c> (by whoever asked for it) or <c>failed</c>.</summary>
    public required string State { get; init; }

    /// <summary>Why it failed: one word; absent if it has not.</summary>
    public string? Reason { get; init; }

    /// <summary>The same as a sentence.</summary>
    public string? Error { get; init; }

    /// <summary>When it began.</summary>
    public required double Began { get; init; }

    public required double WindowSeconds { get; init; }

    /// <summary>How many windows there are to be.</summary>
    public required int Windows { get; init; }

    /// <summary>How many have ended.</summary>
    public required int Ended { get; init; }

    /// <summary>The map so far; absent before the first window has ended.</summary>
    public HeatView? Heat { get; init; }
}

/// <summary>Active pages by address and time.</summary>
/// <param name="Rows">Number of rows. They ascend with the addresses.</param>
/// <param name="Columns">Number of columns: windows that have ended.</param>
/// <param name="RowBytes">How much memory a row stands for.</param>
/// <param name="Bands">Neighbouring rows of one area; what lies between two bands was never active.</param>
/// <param name="WindowSeconds">The true length of each window.</param>
/// <param name="Cells">A byte for each cell, column by column: 0 is idle, 1 to 255 is the share of active pages.</param>
internal sealed record HeatView(int Rows, int Columns, ulong RowBytes, IReadOnlyList<HeatBandView> Bands, IReadOnlyList<double> WindowSeconds, byte[] Cells);

/// <summary>Neighbouring rows of one area.</summary>
/// <param name="Name">The area: a file's path, what the kernel calls it, or empty. Untrusted text.</param>
/// <param name="Address">The address of the first row.</param>
/// <param name="Row">The first row.</param>
/// <param name="Rows">How many there are.</param>
internal sealed record HeatBandView(string Name, ulong Address, int Row, int Rows);

/// <summary>The recordings that there are: none, or the last one.</summary>
/// <param name="Version">The version of this form; see <see cref="Overview.Version"/>.</param>
/// <param name="Recordings">Without their maps.</param>
internal sealed record HeatMapList(int Version, IReadOnlyList<HeatMapView> Recordings);
