using System.Text.RegularExpressions;

namespace MemSnoop.Tests;

/// <summary>What takes long is not run with every change, so its latest figures must be there: <c>docs/measured.md</c> has a row for each scenario of the long tier, and no other.</summary>
public sealed partial class MeasuredTests
{
    [Fact]
    public void Every_long_scenario_has_its_row()
    {
        string[] scenarios =
        [
            .. Directory.EnumerateFiles(Path.Combine(Checkout.Root, "tests"), "*.cs", SearchOption.AllDirectories)
                .Where(static file => !file.EndsWith("Tiers.cs", StringComparison.Ordinal) && !file.EndsWith("MeasuredTests.cs", StringComparison.Ordinal))
                .Select(File.ReadAllText)
                .SelectMany(static text => LongTier().Matches(text).Select(match => match.Groups[1].Success ? match.Groups[1].Value : ConstantIn(text)))
                .Distinct().Order(StringComparer.Ordinal),
        ];
        Dictionary<string, string> rows = File.ReadLines(Path.Combine(Checkout.Root, "docs", "measured.md"))
            .Select(static line => Row().Match(line)).Where(static row => row.Success)
            .ToDictionary(static row => row.Groups["scenario"].Value, static row => row.Groups["figures"].Value);
        Assert.NotEmpty(scenarios);
        Assert.Equal(scenarios, rows.Keys.Order(StringComparer.Ordinal));
        Assert.All(rows.Values, static figures => Assert.NotEqual("", figures.Trim()));
    }

    /// <summary>Nor is the table of faults complete without a row for what each test does; what a test says of it in words of its own comes after the words that are fixed.</summary>
    [Fact]
    public void Every_test_of_reliability_has_its_row()
    {
        string document = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "reliability.md"));
        string[] noted =
        [
            .. Directory.EnumerateFiles(Path.Combine(Checkout.Root, "tests"), "*.cs", SearchOption.AllDirectories)
                .SelectMany(static file => Note().Matches(File.ReadAllText(file)).Select(static match => $"| {match.Groups[1].Value.ToLowerInvariant()} | {match.Groups[2].Value}")),
        ];
        Assert.NotEmpty(noted);
        Assert.All(noted, row => Assert.Contains(row, document, StringComparison.Ordinal));
    }

    // A class with several tests of one scenario names it once.
    private static string ConstantIn(string text) => Constant().Match(text).Groups[1].Value;

    [GeneratedRegex("""^ *\[LongTier\((?:"([a-z-]+)"|Scenario)\)\]""", RegexOptions.Multiline)]
    private static partial Regex LongTier();

    [GeneratedRegex("""const string Scenario = "([a-z-]+)";""")]
    private static partial Regex Constant();

    [GeneratedRegex("""Reliability\.Note\(\s*Reliability\.(\w+), \$?"([^"{]+)""")]
    private static partial Regex Note();

    // | `churn` | 2e24062 | 2026-11-26 | 36,000 processes, ... |
    [GeneratedRegex(@"^\| `(?<scenario>[a-z-]+)` \| [0-9a-f]{7,40}(, changed)? \| \d{4}-\d{2}-\d{2} \| (?<figures>.+) \|$")]
    private static partial Regex Row();
}
