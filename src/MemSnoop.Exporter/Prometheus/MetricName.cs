namespace MemSnoop.Exporter.Prometheus;

/// <summary>The Prometheus names of one OpenTelemetry instrument.</summary>
/// <param name="Family">Name of the OpenMetrics family: the instrument's name and its unit, without <c>_total</c>.</param>
/// <param name="Sample">Name in front of every sample, in both formats; the text format's metadata lines bear it too.</param>
/// <param name="Unit">Unit word for the UNIT line, or null when the family does not end in one.</param>
/// <remarks>Rules: OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility", metric metadata.</remarks>
internal readonly record struct MetricName(string Family, string Sample, string? Unit)
{
    private const string TotalSuffix = "_total";

    public static MetricName From(string instrumentName, string? instrumentUnit, MetricType type)
    {
        string name = Sanitize(instrumentName);
        if (type == MetricType.Counter)
        {
            // Taken off first: the unit has to stand before _total, and _total must stand there once.
            while (name.Length > TotalSuffix.Length && name.EndsWith(TotalSuffix, StringComparison.Ordinal))
            {
                name = name[..^TotalSuffix.Length];
            }
        }

        string? unit = MetricUnit.ToWord(instrumentUnit);
        if (unit is not null && name != unit && !EndsInWord(name, unit))
        {
            name = name.EndsWith('_') ? name + unit : name + "_" + unit;
        }

        // The server refuses a scrape whose UNIT is not the family's last word, so a family that is nothing but its unit gets none.
        return new MetricName(
            name,
            type == MetricType.Counter ? name + TotalSuffix : name,
            unit is not null && EndsInWord(name, unit) ? unit : null);
    }

    /// <summary>Brings a name into <c>[a-zA-Z_:][a-zA-Z0-9_:]*</c>: everything else becomes an underscore, and runs of those become one.</summary>
    public static string Sanitize(string name)
    {
        return Underscores.Collapse(name, static (c, first) => char.IsAsciiLetter(c) || c == ':' || (char.IsAsciiDigit(c) && !first));
    }

    /// <summary>Whether the OpenTelemetry SDK would accept the instrument: a letter, then at most 254 letters, digits, or <c>_ . - /</c>.</summary>
    public static bool IsValidInstrumentName(string name)
    {
        if (name.Length is 0 or > 255 || !char.IsAsciiLetter(name[0]))
        {
            return false;
        }

        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '.' or '-' or '/'))
            {
                return false;
            }
        }

        return true;
    }

    // "megabytes" does not end in the word "bytes"; a bare suffix test would let the server reject the whole OpenMetrics scrape.
    private static bool EndsInWord(string name, string word)
    {
        return name.Length > word.Length && name[^(word.Length + 1)] == '_' && name.EndsWith(word, StringComparison.Ordinal);
    }
}
