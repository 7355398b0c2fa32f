using System.Globalization;
using System.Text.Json;

namespace MemSnoop.Testing;

/// <summary>A number of an export: of which instrument, with which attributes.</summary>
/// <param name="Metric">The instrument's name.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Temporality">DELTA or CUMULATIVE; empty for a gauge.</param>
/// <param name="Attributes">The attributes, numbers as text.</param>
/// <param name="Value">The value.</param>
/// <param name="Start">When it began, in nanoseconds since the Unix epoch.</param>
/// <param name="Time">When it was taken, likewise.</param>
internal sealed record OtlpPoint(
    string Metric, string Unit, string Temporality, IReadOnlyDictionary<string, string> Attributes, double Value, ulong Start, ulong Time)
{
    /// <summary>The attributes as <c>a=1,b=2</c>, in their order.</summary>
    public string Text => string.Join(',', Attributes.Select(static pair => $"{pair.Key}={pair.Value}"));

    public bool IsOf(int pid) => Attributes.TryGetValue("pid", out string? text) && text == pid.ToString(CultureInfo.InvariantCulture);
}

/// <summary>One message of OTLP metrics: read from a line of <c>receiver.js</c>, which decodes by the protocol's own files, or by <see cref="OtlpDecoder"/>.</summary>
internal sealed class OtlpMessage
{
    /// <summary><c>grpc</c> or <c>http</c>, by <c>receiver.js</c>.</summary>
    public string Protocol { get; init; } = "";

    /// <summary>Headers of HTTP, or metadata of gRPC, by <c>receiver.js</c>.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>The attributes of the one resource.</summary>
    public required IReadOnlyDictionary<string, string> Resource { get; init; }

    public required IReadOnlyList<OtlpPoint> Points { get; init; }

    /// <summary>All processes that have a point of this instrument.</summary>
    public HashSet<int> Pids(string metric) =>
        [.. Points.Where(point => point.Metric == metric).Select(static point => int.Parse(point.Attributes["pid"], CultureInfo.InvariantCulture))];

    /// <summary>The points of this instrument for a process.</summary>
    public IEnumerable<OtlpPoint> Of(string metric, int pid) => Points.Where(point => point.Metric == metric && point.IsOf(pid));

    /// <summary>Reads a line of the receiver.</summary>
    public static OtlpMessage Parse(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement root = document.RootElement;
        JsonElement resource = Assert.Single(root.GetProperty("message").GetProperty("resourceMetrics").EnumerateArray().ToArray());
        return new OtlpMessage
        {
            Protocol = root.GetProperty("protocol").GetString()!,
            Headers = root.GetProperty("headers").EnumerateObject().ToDictionary(static header => header.Name, static header => header.Value.GetString()!),
            Resource = AttributesOf(resource.GetProperty("resource")),
            Points = [.. ScopesOf(resource).SelectMany(static scope => scope.GetProperty("metrics").EnumerateArray()).SelectMany(PointsOf)],
        };
    }

    // The SDK's own reader may push before any instrument has said something: a resource alone.
    private static JsonElement.ArrayEnumerator ScopesOf(JsonElement resource) => resource.TryGetProperty("scopeMetrics", out JsonElement scopes) ? scopes.EnumerateArray() : default;

    private static IEnumerable<OtlpPoint> PointsOf(JsonElement metric)
    {
        bool isSum = metric.TryGetProperty("sum", out JsonElement data);
        if (!isSum)
        {
            data = metric.GetProperty("gauge");
        }

        string name = metric.GetProperty("name").GetString()!;
        string unit = metric.TryGetProperty("unit", out JsonElement text) ? text.GetString()! : "";
        string temporality = isSum ? data.GetProperty("aggregationTemporality").GetString()!["AGGREGATION_TEMPORALITY_".Length..] : "";
        foreach (JsonElement point in data.GetProperty("dataPoints").EnumerateArray())
        {
            double value = point.TryGetProperty("asDouble", out JsonElement real)
                ? real.GetDouble()
                : double.Parse(point.GetProperty("asInt").GetString()!, CultureInfo.InvariantCulture);
            yield return new OtlpPoint(name, unit, temporality, AttributesOf(point), value, Nanoseconds(point, "startTimeUnixNano"), Nanoseconds(point, "timeUnixNano"));
        }
    }

    private static Dictionary<string, string> AttributesOf(JsonElement holder) =>
        holder.TryGetProperty("attributes", out JsonElement attributes)
            ? attributes.EnumerateArray().ToDictionary(static pair => pair.GetProperty("key").GetString()!, static pair => Text(pair.GetProperty("value")))
            : [];

    // One of stringValue, intValue, boolValue, doubleValue; an attribute without a value has none of them.
    private static string Text(JsonElement value) => value.EnumerateObject().FirstOrDefault().Value is { ValueKind: not JsonValueKind.Undefined } given ? given.ToString() : "";

    private static ulong Nanoseconds(JsonElement point, string name) =>
        point.TryGetProperty(name, out JsonElement text) ? ulong.Parse(text.GetString()!, CultureInfo.InvariantCulture) : 0;
}
