using System.Text;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Writes the lines in front of a family's samples: TYPE, UNIT, HELP, in this order and each at most once.</summary>
internal static class MetadataLines
{
    public static byte[] ForText(string name, string type, string? help)
    {
        StringBuilder lines = new($"# TYPE {name} {type}\n");
        AppendHelp(lines, name, help, escapeQuotes: false);
        return Encoding.UTF8.GetBytes(lines.ToString());
    }

    public static byte[] ForOpenMetrics(string name, string type, string? unit, string? help)
    {
        StringBuilder lines = new($"# TYPE {name} {type}\n");
        if (unit is not null)
        {
            lines.Append($"# UNIT {name} {unit}\n");
        }

        AppendHelp(lines, name, help, escapeQuotes: true);
        return Encoding.UTF8.GetBytes(lines.ToString());
    }

    // OpenMetrics wants quotes escaped; to the text format an escaped quote is a syntax error.
    private static void AppendHelp(StringBuilder lines, string name, string? help, bool escapeQuotes)
    {
        if (string.IsNullOrEmpty(help))
        {
            return;
        }

        string escaped = help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        if (escapeQuotes)
        {
            escaped = escaped.Replace("\"", "\\\"", StringComparison.Ordinal);
        }

        lines.Append($"# HELP {name} {escaped}\n");
    }
}
