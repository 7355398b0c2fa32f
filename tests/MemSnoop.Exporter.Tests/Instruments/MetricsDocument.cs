using System.Text.RegularExpressions;

namespace MemSnoop.Exporter.Tests.Instruments;

/// <summary>A row of a table in <c>docs/metrics.md</c>.</summary>
/// <param name="Instrument">Its name in OpenTelemetry's terms.</param>
/// <param name="Prometheus">Its name on the wire.</param>
/// <param name="Kind"><c>counter</c> or <c>gauge</c>.</param>
/// <param name="Unit">Unit in UCUM; empty when it has none.</param>
/// <param name="Labels">Its labels, each with the values it can have; none listed when they cannot be.</param>
/// <param name="Meaning">What it says.</param>
internal sealed record MetricsRow(
    string Instrument, string Prometheus, string Kind, string Unit, IReadOnlyDictionary<string, string[]> Labels, string Meaning);

/// <summary>Reads <c>docs/metrics.md</c>.</summary>
internal static partial class MetricsDocument
{
    public static IReadOnlyDictionary<string, MetricsRow> Rows { get; } = File.ReadLines(Path.Combine(Checkout.Root, "docs", "metrics.md"))
        .Where(static line => line.StartsWith("| `", StringComparison.Ordinal))
        .Select(static line => line.Trim('|').Split('|').Select(static cell => cell.Trim()).ToArray())
        .Select(static cells => new MetricsRow(cells[0].Trim('`'), cells[1].Trim('`'), cells[2], cells[3], Labels(cells[4]), cells[5]))
        .ToDictionary(static row => row.Instrument);

    private static Dictionary<string, string[]> Labels(string cell) => Label().Matches(cell).ToDictionary(
        static match => match.Groups[1].Value,
        static match => match.Groups[2].Value.Split(", ", StringSplitOptions.RemoveEmptyEntries));

    [GeneratedRegex(@"(\w+)(?: \(([^)]*)\))?(?:, |$)")]
    private static partial Regex Label();
}
