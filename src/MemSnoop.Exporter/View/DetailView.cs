namespace MemSnoop.Exporter.View;

/// <summary>One process, container or group: its row, its memory by kind and by idle age, and its last hour.</summary>
internal sealed record DetailView
{
    /// <summary>The version of this form; see <see cref="Overview.Version"/>.</summary>
    public int Version { get; init; } = 1;

    public required long Round { get; init; }

    /// <summary>When the answer was made.</summary>
    public required double At { get; init; }

    public required RowView Row { get; init; }

    /// <summary>The working set of each kind of memory; absent without a window.</summary>
    public KindsView? Kinds { get; init; }

    /// <summary>Idle memory in bands that do not overlap; absent without a window.</summary>
    public IReadOnlyList<AgeBandView>? Idle { get; init; }

    /// <summary>Resident memory of unknown use.</summary>
    public ulong? UntrackedBytes { get; init; }

    /// <summary>Huge pages of hugetlbfs, which the kernel does not count as resident.</summary>
    public ulong? HugetlbBytes { get; init; }

    /// <summary>The last hour; absent without one.</summary>
    public HistoryView? History { get; init; }

    /// <summary>Why there is no history; absent if there is one.</summary>
    public string? HistoryReason { get; init; }

    /// <summary>What a process has counted since its start, read for this answer.</summary>
    public NowView? Now { get; init; }

    /// <summary>Events of a process, as of the last scrape or push that read them; absent if there are none.</summary>
    public IReadOnlyDictionary<string, ulong>? Counters { get; init; }

    /// <summary>The processes of a container or a group, the largest first, at most 20.</summary>
    public IReadOnlyList<RowView>? Members { get; init; }
}

/// <summary>The working set by what backs the pages.</summary>
internal sealed record KindsView(BoundsView Anon, BoundsView File, BoundsView Shmem);

/// <summary>The least and the most that a working set can have been; equal if the window was whole.</summary>
internal sealed record BoundsView(ulong LowerBytes, ulong UpperBytes);

/// <summary>Totals of a process since its start. What could not be read is absent.</summary>
internal sealed record NowView
{
    /// <summary>When they were read.</summary>
    public required double At { get; init; }

    public ulong? MinorFaults { get; init; }

    public ulong? MajorFaults { get; init; }

    public double? CpuSeconds { get; init; }

    public int? Threads { get; init; }

    /// <summary>Resident memory now.</summary>
    public ulong? ResidentBytes { get; init; }

    /// <summary>Bytes that had to come from storage.</summary>
    public ulong? ReadBytes { get; init; }

    /// <summary>Bytes of pages that were made dirty, and so go to storage.</summary>
    public ulong? WrittenBytes { get; init; }

    /// <summary>Bytes that read calls returned, from anything.</summary>
    public ulong? ReadCallBytes { get; init; }

    /// <summary>Bytes handed to write calls.</summary>
    public ulong? WriteCallBytes { get; init; }

    /// <summary>Why some are absent: one word, like those of metrics.</summary>
    public string? Reason { get; init; }
}

/// <summary>Memory of a process by area: areas of one name together, the largest first.</summary>
internal sealed record AreasView
{
    /// <summary>The version of this form; see <see cref="Overview.Version"/>.</summary>
    public int Version { get; init; } = 1;

    /// <summary>When it was read. It may be 30 s old.</summary>
    public required double At { get; init; }

    /// <summary>The largest.</summary>
    public required IReadOnlyList<AreaView> Areas { get; init; }

    /// <summary>All others together; absent if there are none.</summary>
    public AreaView? Others { get; init; }
}

/// <summary>Areas of one name.</summary>
/// <param name="Name">A file's path, what the kernel calls the area, or <c>anonymous</c>. Untrusted text.</param>
/// <param name="Kind"><c>heap</c>, <c>stack</c>, <c>anonymous</c>, <c>file</c> or <c>kernel</c>.</param>
/// <param name="Areas">How many areas there are.</param>
/// <param name="SizeBytes">Address space.</param>
/// <param name="ResidentBytes">Resident memory.</param>
/// <param name="ProportionalBytes">Resident memory, each page divided by the number of processes that map it.</param>
/// <param name="SwapBytes">Memory in swap.</param>
internal sealed record AreaView(string Name, string Kind, int Areas, ulong SizeBytes, ulong ResidentBytes, ulong ProportionalBytes, ulong SwapBytes);
