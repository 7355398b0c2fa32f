using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>A rule of <c>deploy/prometheus/rules</c>.</summary>
/// <param name="Name">The series that it records, or the name of the alert.</param>
/// <param name="IsAlert">Whether it is an alert.</param>
/// <param name="Query">PromQL.</param>
/// <param name="Labels">Labels that it adds.</param>
/// <param name="Annotations">Texts of an alert.</param>
internal sealed partial record PrometheusRule(
    string Name, bool IsAlert, string Query, IReadOnlyDictionary<string, string> Labels, IReadOnlyDictionary<string, string> Annotations)
{
    private static readonly HashSet<string> Operators = ["and", "or", "unless", "offset", "bool"];

    /// <summary>The series that the query names, each with the labels that it asks for, and with the value if one is asked for exactly.</summary>
    public IEnumerable<(string Series, IReadOnlyList<(string Label, string? Value)> Matchers)> Selectors =>
        from Match word in Word().Matches(Query)
        where word.Groups["name"].Success && !word.Groups["function"].Success && !Operators.Contains(word.Groups["name"].Value)
        select (word.Groups["name"].Value, Matchers(word.Groups["matchers"].Value));

    // For messages.
    public override string ToString() => Name;

    private static IReadOnlyList<(string Label, string? Value)> Matchers(string text) =>
    [
        .. Matcher().Matches(text).Select(static match => (match.Groups["label"].Value, match.Groups["operator"].Value == "=" ? match.Groups["value"].Value : null)),
    ];

    // Texts, comments, lists of labels and ranges have words in them that are no series.
    [GeneratedRegex("""
        "[^"]*"
        | \#[^\n]*
        | \b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)
        | \[[^]]*]
        | (?<![\w:.])(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<matchers>(?:[^}"]|"[^"]*")*)\})?(?<function>(?=\s*(?:\(|(?:by|without)\b)))?
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Word();

    [GeneratedRegex("""
        (?<label>\w+)(?<operator>=~|!=|!~|=)"(?<value>[^"]*)"
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Matcher();
}

/// <summary>Reads what is in <c>deploy/prometheus</c>.</summary>
internal static class PrometheusRules
{
    public static string Directory { get; } = Path.Combine(Checkout.Root, "deploy", "prometheus");

    public static string[] Files { get; } = [.. System.IO.Directory.GetFiles(Path.Combine(Directory, "rules"), "*.yml").Order()];

    /// <summary>Files for <c>promtool test rules</c>.</summary>
    public static string[] TestFiles { get; } = [.. System.IO.Directory.GetFiles(Path.Combine(Directory, "tests"), "*.yml").Order()];

    public static IReadOnlyList<PrometheusRule> All { get; } =
    [
        .. from file in Files
           from YamlMappingNode @group in Yaml.List(Yaml.Load(file), "groups")
           from YamlMappingNode rule in Yaml.List(@group, "rules")
           let isAlert = Yaml.Has(rule, "alert")
           select new PrometheusRule(
               Yaml.Text(rule, isAlert ? "alert" : "record"), isAlert, Yaml.Text(rule, "expr"), Yaml.Texts(rule, "labels"), Yaml.Texts(rule, "annotations")),
    ];
}
