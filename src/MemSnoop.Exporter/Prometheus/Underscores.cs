namespace MemSnoop.Exporter.Prometheus;

/// <summary>The default name translation of Prometheus exporters: what a name may not hold becomes an underscore.</summary>
internal static class Underscores
{
    /// <summary>Replaces each character that is not allowed, and makes every run of underscores one.</summary>
    /// <param name="text">The name as its author wrote it.</param>
    /// <param name="isAllowed">Says whether a character may stand, given whether it would be the first.</param>
    public static string Collapse(string text, Func<char, bool, bool> isAllowed)
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
