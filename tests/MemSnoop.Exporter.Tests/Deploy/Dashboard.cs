using System.Text.Json;
using System.Text.RegularExpressions;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>A query of a panel.</summary>
/// <param name="RefId">Its letter in the panel.</param>
/// <param name="Query">PromQL with Grafana's variables in it.</param>
/// <param name="Legend">What its series are called, with labels as <c>{{name}}</c>.</param>
/// <param name="DataSource">Where it is asked.</param>
internal sealed record DashboardTarget(string RefId, string Query, string Legend, JsonElement DataSource);

/// <summary>A panel of a dashboard.</summary>
internal sealed class DashboardPanel(JsonElement json)
{
    public JsonElement Json { get; } = json;

    public string Title { get; } = json.GetProperty("title").GetString()!;

    /// <summary>Where it is, in Grafana's grid of 24 columns.</summary>
    public (int X, int Y, int Width, int Height) Grid { get; } = Position(json.GetProperty("gridPos"));

    public IReadOnlyList<DashboardTarget> Targets { get; } =
    [
        .. json.GetProperty("targets").EnumerateArray().Select(static target => new DashboardTarget(
            target.GetProperty("refId").GetString()!,
            target.GetProperty("expr").GetString()!,
            target.GetProperty("legendFormat").GetString()!,
            target.GetProperty("datasource"))),
    ];

    // For messages.
    public override string ToString() => Title;

    private static (int X, int Y, int Width, int Height) Position(JsonElement grid) => (
        grid.GetProperty("x").GetInt32(), grid.GetProperty("y").GetInt32(), grid.GetProperty("w").GetInt32(), grid.GetProperty("h").GetInt32());
}

/// <summary>A dashboard of <c>grafana/</c>, and what Grafana makes of its queries.</summary>
internal sealed partial class Dashboard
{
    private Dashboard(JsonElement json)
    {
        Json = json;
        Panels = [.. json.GetProperty("panels").EnumerateArray().Select(static panel => new DashboardPanel(panel))];
        Variables = json.GetProperty("templating").GetProperty("list").EnumerateArray().ToDictionary(static variable => variable.GetProperty("name").GetString()!);
    }

    public JsonElement Json { get; }

    public IReadOnlyList<DashboardPanel> Panels { get; }

    /// <summary>The dashboard's variables by name.</summary>
    public IReadOnlyDictionary<string, JsonElement> Variables { get; }

    public static Dashboard Read(string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Checkout.Root, "grafana", name)));
        return new Dashboard(document.RootElement.Clone());
    }

    /// <summary>The names of the variables in a query.</summary>
    public static IEnumerable<string> VariablesOf(string query) => Variable().Matches(query).Select(static match => match.Groups[1].Value);

    /// <summary>
    /// The query as Grafana sends it: each variable replaced by the values chosen for it, by <c>All</c> where none are, and the built-in ones by what they are
    /// for a server that scrapes this often.
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
        if (variable.GetProperty("type").GetString() == "custom")
        {
            return variable.GetProperty("current").GetProperty("value").GetString()!;
        }

        return chosen.GetValueOrDefault(name) switch
        {
            null => variable.GetProperty("allValue").GetString()!,
            [string one] => Escape(one),
            string[] several => $"({string.Join('|', several.Select(Escape))})",
        };
    });

    // For a regular expression inside a string of PromQL, in which a backslash is written twice.
    private static string Escape(string value) => Special().Replace(value, @"\\$0");

    [GeneratedRegex(@"\$(\w+)")]
    private static partial Regex Variable();

    [GeneratedRegex(@"[$^*{}\[\]'+?.()|]")]
    private static partial Regex Special();
}
