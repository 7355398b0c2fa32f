namespace MemSnoop.Exporter.View;

/// <summary>Everything at a glance: the host's memory, how it is measured, and the tables. Bytes, and seconds since the Unix epoch; what is not known is absent.</summary>
internal sealed record Overview
{
    internal const string Path = "/api/v1/overview";

    /// <summary>The version of this form. Fields may be added to it; none is taken away or changes its meaning.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The version of the exporter.</summary>
    public required string Exporter { get; init; }

    /// <summary>Which pass it shows, from 1 since the exporter's start; 0 before the first.</summary>
    public required long Round { get; init; }

    /// <summary>When the answer was made.</summary>
    public required double At { get; init; }

    public required HostMemory Host { get; init; }

    public required MethodView Method { get; init; }

    public required WindowTimesView Windows { get; init; }

    public required TableView Processes { get; init; }

    public required TableView Containers { get; init; }

    public required TableView Groups { get; init; }
}

/// <summary>The host's memory in parts that add up to all of it.</summary>
internal sealed record HostMemory
{
    public ulong? TotalBytes { get; init; }

    /// <summary>Held by measured programs and used within the window, each page once.</summary>
    public ulong? UsedBytes { get; init; }

    /// <summary>Held by measured programs and idle, in bands that do not overlap.</summary>
    public IReadOnlyList<AgeBandView>? Idle { get; init; }

    /// <summary>Held by programs, and not known to be used or idle.</summary>
    public ulong? UnknownBytes { get; init; }

    /// <summary>Pages of files that no program maps.</summary>
    public ulong? PageCacheBytes { get; init; }

    public ulong? KernelBytes { get; init; }

    public ulong? FreeBytes { get; init; }

    /// <summary>Why a part is absent, in one word; absent if none is.</summary>
    public string? Reason { get; init; }

    /// <summary>The same as a sentence.</summary>
    public string? Explanation { get; init; }
}

/// <summary>Memory that has been idle for a time.</summary>
/// <param name="FromSeconds">For at least so long.</param>
/// <param name="ToSeconds">For less than so long; absent in the last band.</param>
/// <param name="Bytes">How much.</param>
internal sealed record AgeBandView(double FromSeconds, double? ToSeconds, ulong Bytes);

/// <summary>How accesses are seen here, and how far to trust the numbers.</summary>
internal sealed record MethodView
{
    /// <summary>The method; absent if none works.</summary>
    public string? Name { get; init; }

    /// <summary>What the numbers are, in plain words.</summary>
    public required string Words { get; init; }

    /// <summary>How exactly it measures.</summary>
    public string? Precision { get; init; }

    /// <summary>What limits the numbers here, and what is missing for better ones; empty if nothing does.</summary>
    public required IReadOnlyList<FindingView> Limits { get; init; }
}

/// <summary>One line of <c>memsnoop check</c>.</summary>
/// <param name="State"><c>ok</c>, <c>limited</c> or <c>missing</c>.</param>
/// <param name="Topic">What was looked at.</param>
/// <param name="Reason">One word for programs.</param>
/// <param name="Detail">What was found.</param>
/// <param name="Advice">What to do about it; absent when there is nothing to do.</param>
internal sealed record FindingView(string State, string Topic, string Reason, string Detail, string? Advice);

/// <summary>When windows end.</summary>
internal sealed record WindowTimesView
{
    /// <summary>How long a window is, once the first, shorter ones are over.</summary>
    public required double IntervalSeconds { get; init; }

    /// <summary>Whether windows have ended, so that there are working sets.</summary>
    public required bool HasEnded { get; init; }

    /// <summary>When the last windows ended; absent before the first.</summary>
    public double? Ended { get; init; }

    /// <summary>When the next windows end; absent where none are measured.</summary>
    public double? Next { get; init; }

    /// <summary>Since when a pass is under way; absent if none is.</summary>
    public double? PassStarted { get; init; }
}

/// <summary>One table, or a part of it.</summary>
/// <param name="Total">How many rows there are.</param>
/// <param name="Matching">How many of them match what was searched for.</param>
/// <param name="Rows">The first of those.</param>
internal sealed record TableView(int Total, int Matching, IReadOnlyList<RowView> Rows);

/// <summary>A process, a container or a group.</summary>
internal sealed record RowView
{
    /// <summary>What the API calls it: <c>PID-STARTTICKS</c>, the id of the container, or the name of the group.</summary>
    public required string Id { get; init; }

    /// <summary>What people call it. Untrusted text: whoever runs a program chooses it.</summary>
    public required string Name { get; init; }

    public int? Pid { get; init; }

    /// <summary>When the process started.</summary>
    public double? Started { get; init; }

    /// <summary>The same in clock ticks since boot.</summary>
    public ulong? StartTicks { get; init; }

    public string? ContainerId { get; init; }

    public string? Namespace { get; init; }

    public string? Pod { get; init; }

    public string? Container { get; init; }

    public string? Group { get; init; }

    /// <summary>The unit of systemd that a process is in.</summary>
    public string? Unit { get; init; }

    /// <summary>How many watched processes a container or a group has.</summary>
    public int? Processes { get; init; }

    /// <summary>Resident memory at the end of the window; without a window, as of the last look.</summary>
    public required ulong ResidentBytes { get; init; }

    /// <summary>The working set; absent if it is not known exactly.</summary>
    public ulong? UsedBytes { get; init; }

    /// <summary>Half the width of the 95 % interval around it; absent if it is exact.</summary>
    public ulong? ErrorBytes { get; init; }

    /// <summary>The least that the working set can have been, if something disturbed the window.</summary>
    public ulong? LowerBytes { get; init; }

    /// <summary>The most that it can have been.</summary>
    public ulong? UpperBytes { get; init; }

    /// <summary>What was idle for the whole window, for certain.</summary>
    public ulong? IdleBytes { get; init; }

    /// <summary>Its share of resident memory, from 0 to 1.</summary>
    public double? IdleShare { get; init; }

    /// <summary>By how much resident memory has grown, over the history that there is.</summary>
    public double? GrowthBytesPerHour { get; init; }

    /// <summary>The last hour in at most 30 points; absent without a history.</summary>
    public SparkView? Spark { get; init; }

    public double? WindowSeconds { get; init; }

    /// <summary>Why the working set is absent: <c>no_window</c>, or what disturbed it.</summary>
    public string? Reason { get; init; }

    /// <summary>What is charged to the container, page cache that nobody maps included.</summary>
    public ChargedView? Charged { get; init; }
}

/// <summary>What is charged to a container, as <c>memsnoop containers</c> shows it.</summary>
internal sealed record ChargedView(ulong HeldBytes, ulong? UsedBytes, ulong? ErrorBytes, ulong LowerBytes, ulong UpperBytes, ulong IdleBytes, string Disturbance);
