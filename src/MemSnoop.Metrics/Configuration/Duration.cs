using System.Globalization;
using System.Text;

namespace MemSnoop.Metrics.Configuration;

/// <summary>
/// A span of time as Prometheus writes it: whole numbers with units in falling order (<c>100ms</c>, <c>15s</c>, <c>1h30m</c>, <c>1d</c>), or a bare <c>0</c>.
/// </summary>
/// <param name="Milliseconds">The length in milliseconds, the finest unit that can be written.</param>
/// <remarks>Syntax: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ (the placeholder "duration").</remarks>
internal readonly record struct Duration(long Milliseconds)
{
    // In falling order, for parsing ("1h30m", never "30m1h") and for writing.
    private static readonly (string Name, long Milliseconds)[] Units =
    [
        ("y", 365 * 86_400_000L), ("w", 7 * 86_400_000L), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ];

    /// <summary>The longest duration that can be written; far inside <see cref="TimeSpan"/>, so that converting never overflows.</summary>
    public static Duration MaxValue => new(1_000 * 365 * 86_400_000L);

    public TimeSpan Value => TimeSpan.FromMilliseconds(Milliseconds);

    public static Duration FromSeconds(long seconds) => new(seconds * 1_000);

    /// <summary>A span of time as text: a duration where one can say it, else a form that no duration has (<c>-00:00:01</c>).</summary>
    public static string Format(TimeSpan value) =>
        value >= TimeSpan.Zero && value.Ticks % TimeSpan.TicksPerMillisecond == 0
            ? new Duration(value.Ticks / TimeSpan.TicksPerMillisecond).ToString()
            : value.ToString("c", CultureInfo.InvariantCulture);

    public static bool TryParse(ReadOnlySpan<char> text, out Duration value)
    {
        value = default;
        if (text is "0")
        {
            return true;
        }

        long total = 0;
        int unit = 0;
        ReadOnlySpan<char> rest = text;
        while (!rest.IsEmpty)
        {
            int digits = rest.IndexOfAnyExceptInRange('0', '9');
            if (digits <= 0 || !long.TryParse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out long count))
            {
                return false;
            }

            rest = rest[digits..];
            int letters = rest.IndexOfAnyInRange('0', '9');
            ReadOnlySpan<char> name = letters < 0 ? rest : rest[..letters];
            while (unit < Units.Length && !name.SequenceEqual(Units[unit].Name))
            {
                unit++;
            }

            if (unit == Units.Length || count > (MaxValue.Milliseconds - total) / Units[unit].Milliseconds)
            {
                return false;
            }

            total += count * Units[unit].Milliseconds;
            rest = rest[name.Length..];
            unit++;   // each unit at most once
        }

        value = new Duration(total);
        return !text.IsEmpty;
    }

    public override string ToString()
    {
        if (Milliseconds == 0)
        {
            return "0s";
        }

        var text = new StringBuilder();
        long rest = Milliseconds;
        // Years and weeks are read but not written: "365d" is clearer than "1y".
        foreach ((string name, long length) in Units.AsSpan(2))
        {
            if (rest >= length)
            {
                text.Append(rest / length).Append(name);
                rest %= length;
            }
        }

        return text.ToString();
    }
}
