using System.Collections.Frozen;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Turns a UCUM unit, as instruments bear it, into the word that ends a Prometheus name.</summary>
/// <remarks>Table: OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility", units.</remarks>
internal static class MetricUnit
{
    private static readonly FrozenDictionary<string, string> Words = new Dictionary<string, string>
    {
        ["d"] = "days",
        ["h"] = "hours",
        ["min"] = "minutes",
        ["s"] = "seconds",
        ["ms"] = "milliseconds",
        ["us"] = "microseconds",
        ["ns"] = "nanoseconds",
        ["By"] = "bytes",
        ["KiBy"] = "kibibytes",
        ["MiBy"] = "mebibytes",
        ["GiBy"] = "gibibytes",
        ["TiBy"] = "tebibytes",
        ["kBy"] = "kilobytes",
        ["MBy"] = "megabytes",
        ["GBy"] = "gigabytes",
        ["TBy"] = "terabytes",
        ["m"] = "meters",
        ["V"] = "volts",
        ["A"] = "amperes",
        ["J"] = "joules",
        ["W"] = "watts",
        ["g"] = "grams",
        ["Cel"] = "celsius",
        ["Hz"] = "hertz",
        ["%"] = "percent",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> PerWords = new Dictionary<string, string>
    {
        ["s"] = "second",
        ["m"] = "minute",
        ["h"] = "hour",
        ["d"] = "day",
        ["w"] = "week",
        ["mo"] = "month",
        ["y"] = "year",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The unit's word, or null when the unit adds none: absent, empty, <c>1</c>, or nothing but an annotation in braces.</summary>
    public static string? ToWord(string? unit)
    {
        if (string.IsNullOrEmpty(unit) || unit == "1")
        {
            return null;
        }

        string bare = WithoutAnnotations(unit);
        int slash = bare.IndexOf('/', StringComparison.Ordinal);
        string word = slash >= 0 && slash < bare.Length - 1
            ? Translate(bare[..slash], Words) + "_per_" + Translate(bare[(slash + 1)..], PerWords)
            : Translate(bare, Words);
        word = Sanitize(word);
        return word.Length == 0 ? null : word;
    }

    private static string Translate(string unit, FrozenDictionary<string, string> words)
    {
        return words.TryGetValue(unit, out string? word) ? word : unit;
    }

    // UCUM puts notes for people in braces: {fault}, or By{resident}. They carry no unit.
    private static string WithoutAnnotations(string unit)
    {
        int open;
        while ((open = unit.IndexOf('{', StringComparison.Ordinal)) >= 0)
        {
            int close = unit.IndexOf('}', open);
            if (close < 0)
            {
                break;
            }

            unit = unit.Remove(open, close - open + 1);
        }

        return unit;
    }

    // No unit text reaches the output raw: a line feed in it would write lines of its own.
    private static string Sanitize(string word)
    {
        return Underscores.Collapse(word, static (c, _) => char.IsAsciiLetterOrDigit(c)).Trim('_');
    }
}
