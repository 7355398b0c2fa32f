using System.Text;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>What stands in front of a family's samples, in each format.</summary>
internal static class FamilyMetadata
{
    private const int NameOfFamily = 1;
    private const int HelpOfFamily = 2;
    private const int TypeOfFamily = 3;
    private const int UnitOfFamily = 5;

    /// <summary>TYPE and HELP of the text format.</summary>
    public static byte[] Text(string name, string type, string? help)
    {
        string word = InText(name);
        StringBuilder lines = new($"# TYPE {word} {type}\n");
        AppendHelp(lines, word, help, escapeQuotes: false);
        return Encoding.UTF8.GetBytes(lines.ToString());
    }

    /// <summary>TYPE, UNIT and HELP of OpenMetrics.</summary>
    public static byte[] OpenMetrics(string name, string type, string? unit, string? help)
    {
        string word = InText(name);
        StringBuilder lines = new($"# TYPE {word} {type}\n");
        if (unit is not null)
        {
            lines.Append($"# UNIT {word} {unit}\n");
        }

        AppendHelp(lines, word, help, escapeQuotes: true);
        return Encoding.UTF8.GetBytes(lines.ToString());
    }

    /// <summary>The fields of a message <c>MetricFamily</c>, but for its samples.</summary>
    /// <param name="name">The name of its samples: the format adds nothing to it.</param>
    /// <param name="isCounter">Whether it is a counter and no gauge, the two types that there are here.</param>
    /// <param name="unit">The unit that ends the name.</param>
    /// <param name="help">What it is.</param>
    public static byte[] Protobuf(string name, bool isCounter, string? unit, string? help)
    {
        (byte[] nameText, byte[] unitText, byte[] helpText) = (Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(unit ?? ""), Encoding.UTF8.GetBytes(help ?? ""));
        byte[] room = new byte[(4 * ProtobufWriter.MostHeadBytes) + nameText.Length + unitText.Length + helpText.Length];
        ProtobufWriter fields = new(room);
        fields.AppendBytes(ProtobufWriter.Delimited(NameOfFamily), nameText);
        if (helpText.Length > 0)
        {
            fields.AppendBytes(ProtobufWriter.Delimited(HelpOfFamily), helpText);
        }

        fields.AppendVarint(ProtobufWriter.Varint(TypeOfFamily), isCounter ? 0u : 1u);
        if (unitText.Length > 0)
        {
            fields.AppendBytes(ProtobufWriter.Delimited(UnitOfFamily), unitText);
        }

        return room[..fields.Length];
    }

    private static string InText(string name) => MetricName.IsPlain(name) ? name : SeriesKeyWriter.Quote(name);

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
