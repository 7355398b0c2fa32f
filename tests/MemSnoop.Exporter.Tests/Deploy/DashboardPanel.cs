using System.Text.Json;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>A query of a panel.</summary>
/// <param name="RefId">Its letter in the panel.</param>
/// <param name="Query">PromQL with Grafana's variables in it.</param>
/// <param name="Legend">What its series are called, with labels as <c>{{name}}</c>. In a table, the title of its column.</param>
/// <param name="DataSource">Where it is asked.</param>
internal sealed record DashboardTarget(string RefId, string Query, string Legend, JsonElement DataSource);

/// <summary>A panel of a dashboard, in a closed row too.</summary>
internal sealed class DashboardPanel(JsonElement json)
{
    public JsonElement Json { get; } = json;

    public string Type { get; } = json.GetProperty("type").GetString()!;

    public string Title { get; } = json.GetProperty("title").GetString()!;

    /// <summary>Where it is, in Grafana's grid of 24 columns.</summary>
    public (int X, int Y, int Width, int Height) Grid { get; } = Position(json.GetProperty("gridPos"));

    /// <summary>A heading, which shows nothing itself.</summary>
    public bool IsRow => Type == "row";

    public IReadOnlyList<DashboardTarget> Targets { get; } =
    [
        .. Children(json, "targets").Select(static target => new DashboardTarget(
            target.GetProperty("refId").GetString()!,
            target.GetProperty("expr").GetString()!,
            target.GetProperty("legendFormat").GetString()!,
            target.GetProperty("datasource"))),
    ];

    /// <summary>The panels in it, if it is a closed row.</summary>
    public IEnumerable<DashboardPanel> Inner => Children(Json, "panels").Select(static panel => new DashboardPanel(panel));

    /// <summary>The columns of a table: what each label or query is called in it, and "Time" for what is left out.</summary>
    public IReadOnlyDictionary<string, string> Columns { get; } = Children(json, "transformations")
        .Where(static transformation => transformation.GetProperty("id").GetString() == "organize")
        .SelectMany(static transformation => transformation.GetProperty("options").GetProperty("renameByName").EnumerateObject())
        .ToDictionary(static column => column.Name, static column => column.Value.GetString()!);

    // For messages.
    public override string ToString() => Title;

    private static JsonElement.ArrayEnumerator Children(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement list) ? list.EnumerateArray() : default;

    private static (int X, int Y, int Width, int Height) Position(JsonElement grid) => (
        grid.GetProperty("x").GetInt32(), grid.GetProperty("y").GetInt32(), grid.GetProperty("w").GetInt32(), grid.GetProperty("h").GetInt32());
}
