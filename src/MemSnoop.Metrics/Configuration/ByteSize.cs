using System.Globalization;

namespace MemSnoop.Metrics.Configuration;

/// <summary>
/// An amount of memory in bytes: a plain number, or a number with a unit, binary (<c>10MiB</c>, <c>4Gi</c>) or decimal (<c>1.5GB</c>), in either
/// case of letters.
/// </summary>
/// <param name="Bytes">The amount, 0 or more.</param>
/// <remarks><c>10M</c> is an error: some tools read it as 10,000,000 and others as 10,485,760.</remarks>
internal readonly record struct ByteSize(long Bytes)
{
    private static readonly (string Name, long Bytes)[] Units =
    [
        ("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10),
        ("Ti", 1L << 40), ("Gi", 1L << 30), ("Mi", 1L << 20), ("Ki", 1L << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000),
        ("B", 1),
    ];

    public static ByteSize FromGiB(long count) => new(count << 30);

    public static bool TryParse(ReadOnlySpan<char> text, out ByteSize value)
    {
        value = default;
        text = text.Trim();
        long unit = 1;
        foreach ((string name, long bytes) in Units)
        {
            if (text.EndsWith(name, StringComparison.OrdinalIgnoreCase))
            {
                unit = bytes;
                text = text[..^name.Length].TrimEnd();
                break;
            }
        }

        // Decimal, not double: 0.1 TB is exactly 100,000,000,000 bytes.
        if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal count) || count > long.MaxValue / unit)
        {
            return false;
        }

        decimal total = count * unit;
        if (total != decimal.Truncate(total))
        {
            return false;
        }

        value = new ByteSize((long)total);
        return true;
    }

    /// <summary>An amount for people, like <c>12.3 MB</c> or <c>4.5 kB</c>.</summary>
    public static string About(long bytes) => bytes < 100_000
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.0} kB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB");

    public override string ToString()
    {
        if (Bytes > 0)
        {
            foreach ((string name, long bytes) in Units.AsSpan(0, 4))
            {
                if (Bytes % bytes == 0)
                {
                    return string.Create(CultureInfo.InvariantCulture, $"{Bytes / bytes}{name}");
                }
            }
        }

        return Bytes.ToString(CultureInfo.InvariantCulture);
    }
}
