using System.Globalization;
using System.Text;

namespace MemSnoop.Exporter.Terminal;

/// <summary>Text that others have chosen, such as the name of a process, for a terminal: what would move the cursor, change the colours or hide other text is replaced.</summary>
internal static class SafeText
{
    /// <summary>The text with a question mark for each character that is not shown as one: control characters, marks of direction, and half characters.</summary>
    internal static string Of(string text)
    {
        if (text.All(static letter => letter is >= ' ' and <= '~'))
        {
            return text;
        }

        StringBuilder safe = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            _ = IsShown(rune) ? safe.Append(rune) : safe.Append('?');
        }

        return safe.ToString();
    }

    // Invalid bytes have become U+FFFD when the text was decoded, and a lone surrogate becomes that here.
    private static bool IsShown(Rune rune) => rune.Value != 0xFFFD && Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark);
}
