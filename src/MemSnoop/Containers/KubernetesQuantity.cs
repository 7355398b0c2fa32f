using System.Buffers;
using System.Globalization;

namespace MemSnoop.Containers;

/// <summary>
/// Amounts of memory as Kubernetes writes them (<c>resource.Quantity</c>): <c>128974848</c>, <c>129e6</c>, <c>129M</c>, <c>123Mi</c>, and also <c>128974848000m</c>. Fractions of
/// a byte are rounded up, as Kubernetes does.
/// </summary>
internal static class KubernetesQuantity
{
    private static readonly (string Suffix, decimal Factor)[] Suffixes =
    [
        ("", 1), ("Ki", 1UL << 10), ("Mi", 1UL << 20), ("Gi", 1UL << 30), ("Ti", 1UL << 40), ("Pi", 1UL << 50), ("Ei", 1UL << 60),
        ("k", 1e3m), ("M", 1e6m), ("G", 1e9m), ("T", 1e12m), ("P", 1e15m), ("E", 1e18m), ("m", 1e-3m), ("u", 1e-6m), ("n", 1e-9m),
    ];

    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.");

    /// <summary>Reads an amount of bytes. False if it is none, negative, or beyond 64 bits.</summary>
    internal static bool TryParse(ReadOnlySpan<char> text, out ulong bytes)
    {
        bytes = 0;
        int length = text.IndexOfAnyExcept(NumberCharacters);
        ReadOnlySpan<char> digits = length < 0 ? text : text[..length];
        ReadOnlySpan<char> suffix = length < 0 ? default : text[length..];
        if (!decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number) || !TryGetFactor(suffix, out decimal factor))
        {
            return false;
        }

        try
        {
            decimal amount = decimal.Ceiling(number * factor);
            bytes = amount <= ulong.MaxValue ? (ulong)amount : 0;
            return amount <= ulong.MaxValue;
        }
        catch (OverflowException)
        {
            return false;
        }
    }

    private static bool TryGetFactor(ReadOnlySpan<char> suffix, out decimal factor)
    {
        foreach ((string known, decimal value) in Suffixes)
        {
            if (suffix.SequenceEqual(known))
            {
                factor = value;
                return true;
            }
        }

        // "E" alone is a suffix, and with a number behind it an exponent.
        factor = 0;
        return suffix.Length > 1 && suffix[0] is 'e' or 'E' && sbyte.TryParse(suffix[1..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out sbyte exponent)
            && decimal.TryParse($"1e{exponent}", NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out factor);
    }
}
