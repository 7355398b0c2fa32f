using System.Text.RegularExpressions;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Descriptors;

namespace MemSnoop.Exporter.Commands;

/// <summary>The arguments of <c>memsnoop trace</c>.</summary>
internal sealed record TraceRequest
{
    /// <summary>The process to follow, or null for the command after <c>--</c>.</summary>
    public int? Pid { get; init; }

    public required IReadOnlyList<NamedMeasurement> Measurements { get; init; }

    /// <summary>Whether nobody has said what to measure, and a terminal shows it: what people ask first.</summary>
    public bool IsOverview { get; init; }

    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(1);

    public int? Count { get; init; }

    public TimeSpan? For { get; init; }

    public bool Pause { get; init; }

    /// <summary>Whether files may be overwritten.</summary>
    public bool Force { get; init; }

    /// <summary>The file to write to, or null for standard output.</summary>
    public string? Output { get; init; }

    public TraceFormat Format { get; init; }

    /// <summary>The file for the active pages, or null.</summary>
    public string? Pages { get; init; }
}

/// <summary>How <c>memsnoop trace</c> writes samples.</summary>
internal enum TraceFormat
{
    /// <summary>A table for people.</summary>
    Table,

    /// <summary>One JSON object a line.</summary>
    JsonLines,

    /// <summary>Comma-separated values with a header (RFC 4180).</summary>
    Csv,
}

/// <summary>A measurement under the name of its column: <c>memory=statm</c>.</summary>
internal readonly partial record struct NamedMeasurement(string Name, MeasurementDescriptor Measurement)
{
    /// <summary>The measurements that can be columns.</summary>
    public static IReadOnlyList<string> Words { get; } = [.. MeasurementCatalogue.Columns.Select(static descriptor => descriptor.Name)];

    /// <summary>How a list of them is written: <c>timestamp,memory=statm</c>.</summary>
    public static ValueSyntax<NamedMeasurement[]> ListSyntax { get; } = new(
        "LIST", "a list of measurements",
        $"measurements ({string.Join(", ", Words)}) separated by commas, each once or as NAME=MEASUREMENT with another name",
        TryParseList, static list => string.Join(',', list))
    {
        Words = Words,
    };

    private static bool TryParseList(string text, out NamedMeasurement[] value, ref string? problem)
    {
        List<NamedMeasurement> list = [];
        foreach (string item in text.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] parts = item.Split('=', 2);
            MeasurementDescriptor? measurement = Find(parts[^1]);
            problem = measurement is null ? $"{UsageException.Quote(parts[^1])} is not a measurement{Meant(parts[^1])}"
                : !ColumnName().IsMatch(parts[0]) ? $"{UsageException.Quote(parts[0])} is not a name of letters, digits, '_', '-' and '.'"
                : list.Exists(other => other.Name == parts[0]) ? $"the name {parts[0]} is used twice"
                : measurement.IsWindow && list.Exists(other => other.Measurement == measurement)
                    ? "there can be only one working set, since a second one would end its windows"
                : null;
            if (problem is not null)
            {
                break;
            }

            list.Add(new NamedMeasurement(parts[0], measurement!));
        }

        value = [.. list];
        return problem is null;
    }

    /// <summary>The column of a measurement, under the measurement's own name.</summary>
    public static NamedMeasurement Of(string measurement) => new(measurement, Find(measurement)!);

    private static MeasurementDescriptor? Find(string name) => MeasurementCatalogue.Columns.FirstOrDefault(descriptor => descriptor.Name == name);

    private static string Meant(string word) => NearestName.Find(word, Words) is string nearest ? $" (did you mean {nearest}?)" : "";

    // No character that a CSV file would have to quote.
    [GeneratedRegex("^[A-Za-z0-9_.-]+$")]
    private static partial Regex ColumnName();
}
