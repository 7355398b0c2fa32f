using System.Text.Json;
using System.Text.RegularExpressions;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>A dashboard of <c>grafana/dashboards</c>, and what Grafana makes of its queries.</summary>
internal sealed partial class Dashboard
{
    private Dashboard(string uid, JsonElement json)
    {
        Uid = uid;
        Json = json;
        Everything =
        [
            .. json.GetProperty("panels").EnumerateArray().Select(static panel => new DashboardPanel(panel)).SelectMany(static panel => panel.Inner.Prepend(panel)),
        ];
        Panels = [.. Everything.Where(static panel => !panel.IsRow)];
        Variables = json.GetProperty("templating").GetProperty("list").EnumerateArray().ToDictionary(static variable => variable.GetProperty("name").GetString()!);
    }

    public static string Directory { get; } = Path.Combine(Checkout.Root, "grafana", "dashboards");

    /// <summary>The dashboards' addresses, which are also the names of their files.</summary>
    public static IReadOnlyList<string> Uids { get; } = [.. System.IO.Directory.GetFiles(Directory, "*.json").Select(static file => Path.GetFileNameWithoutExtension(file)).Order()];

    public string Uid { get; }

    public JsonElement Json { get; }

    /// <summary>Rows and panels, in their order.</summary>
    public IReadOnlyList<DashboardPanel> Everything { get; }

    public IReadOnlyList<DashboardPanel> Panels { get; }

    /// <summary>The dashboard's variables by name.</summary>
    public IReadOnlyDictionary<string, JsonElement> Variables { get; }

    /// <summary>The queries for what is drawn over all graphs.</summary>
    public IEnumerable<string> Annotations => Json.GetProperty("annotations").GetProperty("list").EnumerateArray().Select(static annotation => annotation.GetProperty("target").GetProperty("expr").GetString()!);

    public static Dashboard Read(string uid)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Directory, uid + ".json")));
        return new Dashboard(uid, document.RootElement.Clone());
    }

    /// <summary>The names of the variables in a query.</summary>
    public static IEnumerable<string> VariablesOf(string query) => Variable().Matches(query).Select(static match => match.Groups[1].Value);

    /// <summary>
    /// The query as Grafana sends it: each variable replaced by the values chosen for it, by what is chosen when the dashboard opens where none are, and the
    /// built-in ones by what they are for a server that scrapes this often.
    /// </summary>
    /// <remarks>https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/</remarks>
    public string Interpolate(string query, TimeSpan scrapeInterval, IReadOnlyDictionary<string, string[]> chosen) => Variable().Replace(query, match =>
    {
        string name = match.Groups[1].Value;
        if (name == "__rate_interval")
        {
            // At least four scrapes, whatever the width of the panel.
            return FormattableString.Invariant($"{(4 * scrapeInterval).TotalSeconds}s");
        }

        JsonElement variable = Variables[name];
        bool isOneOfMany = variable.TryGetProperty("allValue", out JsonElement all);
        return (chosen.GetValueOrDefault(name), isOneOfMany) switch
        {
            (null, true) => all.GetString()!,
            (null, false) => variable.GetProperty("current").GetProperty("value").GetString()!,
            ([string one], true) => Escape(one),
            ([string one], false) => one,
            (string[] several, _) => $"({string.Join('|', several.Select(Escape))})",
        };
    });

    // For a regular expression inside a string of PromQL, in which a backslash is written twice.
    private static string Escape(string value) => Special().Replace(value, @"\\$0");

    // Not the groups of a regular expression: $1.
    [GeneratedRegex(@"\$([a-z_]\w*)")]
    private static partial Regex Variable();

    [GeneratedRegex(@"[$^*{}\[\]'+?.()|]")]
    private static partial Regex Special();
}
