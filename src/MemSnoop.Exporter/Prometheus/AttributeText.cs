using System.Globalization;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Writes the values of attributes as the values of labels. Null is the empty value; numbers of any culture come out invariant.</summary>
internal static class AttributeText
{
    /// <summary>How many bytes a value can have at most, escapes included.</summary>
    public static int MostBytes(object? value) => value switch
    {
        string text => checked(text.Length * LineWriter.MostCharBytes),
        null => 0,
        int or long or bool or double or float => LineWriter.MostNumberBytes,
        _ => checked((Of(value)?.Length ?? 0) * LineWriter.MostCharBytes),
    };

    /// <summary>Appends a value of any type.</summary>
    /// <param name="line">Where to.</param>
    /// <param name="value">The value.</param>
    /// <param name="escape">Whether a text is escaped, as it is between quotes.</param>
    public static void Write(ref LineWriter line, object? value, bool escape)
    {
        switch (value)
        {
            case null:
                break;
            case int number:
                line.Append((long)number);
                break;
            case long number:
                line.Append(number);
                break;
            case bool flag:
                line.Append(flag ? "true"u8 : "false"u8);
                break;
            case double number:
                line.AppendCanonical(number);
                break;
            case float number:
                line.AppendCanonical(number);
                break;
            default:
                string? text = value as string ?? Of(value);
                if (escape)
                {
                    line.AppendEscaped(text);
                }
                else
                {
                    line.AppendText(text);
                }

                break;
        }
    }

    private static string? Of(object value) => Convert.ToString(value, CultureInfo.InvariantCulture);
}
