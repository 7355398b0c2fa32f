using MemSnoop.Metrics.Descriptors;

namespace MemSnoop.Exporter.Commands;

/// <summary>What <c>memsnoop trace</c> is asked to do.</summary>
internal sealed record TraceRequest
{
    /// <summary>The process to follow, or null for the command after <c>--</c>.</summary>
    public int? Pid { get; init; }

    public required IReadOnlyList<NamedMeasurement> Measurements { get; init; }

    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(1);

    public int? Count { get; init; }

    public TimeSpan? For { get; init; }

    public bool Pause { get; init; }

    /// <summary>The file to write to, or null for standard output.</summary>
    public string? Output { get; init; }

    public TraceFormat Format { get; init; }

    /// <summary>The file that takes the active pages, or null.</summary>
    public string? Pages { get; init; }
}

/// <summary>A measurement under the name of its column: <c>memory=statm</c>.</summary>
internal readonly record struct NamedMeasurement(string Name, MeasurementDescriptor Measurement);
