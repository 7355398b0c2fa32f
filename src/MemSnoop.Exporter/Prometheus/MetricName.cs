using System.Buffers;
using System.Collections.Frozen;
using MemSnoop.Exporter.Collector;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>The Prometheus names of one OpenTelemetry instrument, and of its attributes.</summary>
/// <param name="Family">Name of the OpenMetrics family: the instrument's name and its unit, without <c>_total</c>.</param>
/// <param name="Sample">Name in front of every sample, in both formats; the text format's metadata lines bear it too.</param>
/// <param name="Unit">Unit word for the UNIT line, or null when the family does not end in one.</param>
/// <remarks>Rules and tables: OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility", metric metadata.</remarks>
internal readonly record struct MetricName(string Family, string Sample, string? Unit)
{
    private const string TotalSuffix = "_total";

    private static readonly SearchValues<char> PlainCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:");

    private static readonly FrozenDictionary<string, string> UnitWords = new Dictionary<string, string>
    {
        ["d"] = "days", ["h"] = "hours", ["min"] = "minutes", ["s"] = "seconds",
        ["ms"] = "milliseconds", ["us"] = "microseconds", ["ns"] = "nanoseconds",
        ["By"] = "bytes",
        ["KiBy"] = "kibibytes", ["MiBy"] = "mebibytes", ["GiBy"] = "gibibytes", ["TiBy"] = "tebibytes",
        ["kBy"] = "kilobytes", ["MBy"] = "megabytes", ["GBy"] = "gigabytes", ["TBy"] = "terabytes",
        ["m"] = "meters", ["V"] = "volts", ["A"] = "amperes", ["J"] = "joules", ["W"] = "watts", ["g"] = "grams",
        ["Cel"] = "celsius", ["Hz"] = "hertz", ["%"] = "percent",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> PerWords = new Dictionary<string, string>
    {
        ["s"] = "second", ["m"] = "minute", ["h"] = "hour", ["d"] = "day", ["w"] = "week", ["mo"] = "month", ["y"] = "year",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static MetricName From(string instrumentName, string? instrumentUnit, InstrumentKind kind, NameStyle style = NameStyle.Underscores)
    {
        // Into [a-zA-Z_:][a-zA-Z0-9_:]*.
        string name = style == NameStyle.Utf8 ? instrumentName : Collapse(instrumentName, static (c, first) => char.IsAsciiLetter(c) || c == ':' || (char.IsAsciiDigit(c) && !first));
        bool isCounter = kind == InstrumentKind.Counter;
        if (isCounter)
        {
            // Taken off first: the unit has to stand before _total, and _total must stand there once.
            while (name.Length > TotalSuffix.Length && name.EndsWith(TotalSuffix, StringComparison.Ordinal))
            {
                name = name[..^TotalSuffix.Length];
            }
        }

        string? unit = UnitWord(instrumentUnit);
        if (unit is not null && name != unit && !EndsInWord(name, unit))
        {
            name = name.EndsWith('_') ? name + unit : name + "_" + unit;
        }

        // The server refuses a scrape whose UNIT is not the family's last word, so a family that is nothing but its unit gets none.
        return new MetricName(name, isCounter ? name + TotalSuffix : name, unit is not null && EndsInWord(name, unit) ? unit : null);
    }

    /// <summary>
    /// The label name of an attribute key, in <c>[a-zA-Z_][a-zA-Z0-9_]*</c>. A leading digit gets an underscore in front; runs of
    /// underscores become one, so no name can begin with the two that Prometheus keeps for itself; a key that is null or empty becomes <c>_</c>.
    /// </summary>
    public static string Label(string? key, NameStyle style = NameStyle.Underscores)
    {
        if (string.IsNullOrEmpty(key))
        {
            return "_";
        }

        if (style == NameStyle.Utf8)
        {
            return key;
        }

        string name = Collapse(key, static (c, _) => char.IsAsciiLetterOrDigit(c));
        return char.IsAsciiDigit(name[0]) ? "_" + name : name;
    }

    /// <summary>Whether the name of a family can stand in a text as it is; another stands between quotes, in samples within the braces.</summary>
    public static bool IsPlain(string name) => name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.AsSpan().IndexOfAnyExcept(PlainCharacters) < 0;

    /// <summary>Whether the name of a label can stand in a text as it is; another stands between quotes.</summary>
    public static bool IsPlainLabel(string name) => IsPlain(name) && !name.Contains(':', StringComparison.Ordinal);

    /// <summary>
    /// The word that a UCUM unit adds to a name; null when it adds none: absent, empty, <c>1</c>, or nothing but an annotation in braces.
    /// </summary>
    public static string? UnitWord(string? unit)
    {
        if (string.IsNullOrEmpty(unit) || unit == "1")
        {
            return null;
        }

        string bare = WithoutAnnotations(unit);
        int slash = bare.IndexOf('/', StringComparison.Ordinal);
        string word = slash >= 0 && slash < bare.Length - 1
            ? UnitWords.GetValueOrDefault(bare[..slash], bare[..slash]) + "_per_" + PerWords.GetValueOrDefault(bare[(slash + 1)..], bare[(slash + 1)..])
            : UnitWords.GetValueOrDefault(bare, bare);

        // No unit text reaches the output raw: a line feed in it would write lines of its own.
        word = Collapse(word, static (c, _) => char.IsAsciiLetterOrDigit(c)).Trim('_');
        return word.Length == 0 ? null : word;
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

    // "megabytes" does not end in the word "bytes". With a plain suffix test, the server would reject the whole OpenMetrics scrape.
    private static bool EndsInWord(string name, string word)
    {
        return name.Length > word.Length && name[^(word.Length + 1)] == '_' && name.EndsWith(word, StringComparison.Ordinal);
    }

    // What a name may not hold becomes an underscore, and every run of underscores one.
    private static string Collapse(string text, Func<char, bool, bool> isAllowed)
    {
        Span<char> result = text.Length <= 256 ? stackalloc char[text.Length] : new char[text.Length];
        int length = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char c = isAllowed(text[i], i == 0) ? text[i] : '_';
            if (c != '_' || length == 0 || result[length - 1] != '_')
            {
                result[length++] = c;
            }
        }

        return result[..length].ToString();
    }
}
