using System.Text.RegularExpressions;

namespace MemSnoop.Exporter.Tests.Instruments;

/// <summary>A row of a table in <c>docs/metrics.md</c>.</summary>
/// <param name="Section">The heading that it stands under.</param>
/// <param name="Instrument">Its name in OpenTelemetry's terms.</param>
/// <param name="Prometheus">Its name on the wire.</param>
/// <param name="Kind"><c>counter</c> or <c>gauge</c>.</param>
/// <param name="Unit">Unit in UCUM; empty when it has none.</param>
/// <param name="Labels">Its labels, each with the values it can have; none listed when they cannot be.</param>
/// <param name="Meaning">What it says.</param>
internal sealed record MetricsRow(
    string Section, string Instrument, string Prometheus, string Kind, string Unit, IReadOnlyDictionary<string, string[]> Labels, string Meaning);

/// <summary>Reads <c>docs/metrics.md</c>.</summary>
internal static partial class MetricsDocument
{
    public static IReadOnlyDictionary<string, MetricsRow> Rows { get; } = Read().ToDictionary(static row => row.Instrument);

    private static IEnumerable<MetricsRow> Read()
    {
        string section = "";
        foreach (string line in File.ReadLines(Path.Combine(Checkout.Root, "docs", "metrics.md")))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
            {
                section = line[3..];
            }
            else if (line.StartsWith("| `", StringComparison.Ordinal))
            {
                string[] cells = [.. line.Trim('|').Split('|').Select(static cell => cell.Trim())];
                yield return new MetricsRow(section, cells[0].Trim('`'), cells[1].Trim('`'), cells[2], cells[3], Labels(cells[4]), cells[5]);
            }
        }
    }

    private static Dictionary<string, string[]> Labels(string cell) => Label().Matches(cell).ToDictionary(
        static match => match.Groups[1].Value,
        static match => match.Groups[2].Value.Split(", ", StringSplitOptions.RemoveEmptyEntries));

    [GeneratedRegex(@"(\w+)(?: \(([^)]*)\))?(?:, |$)")]
    private static partial Regex Label();
}
