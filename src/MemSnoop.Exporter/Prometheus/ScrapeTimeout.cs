using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Reads how long the server waits for a scrape, from the header that Prometheus sends.</summary>
internal static class ScrapeTimeout
{
    public const string HeaderName = "X-Prometheus-Scrape-Timeout-Seconds";

    private const decimal Shortest = 0.001m;

    // As milliseconds this is the largest whole number of seconds that fits 31 bits.
    private const decimal Longest = 2147483;

    /// <summary>The timeout, or null when there is none that makes sense.</summary>
    public static TimeSpan? From(StringValues header)
    {
        return header.Count == 1
            && decimal.TryParse(header[0], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal seconds)
            && seconds is >= Shortest and <= Longest
                ? TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond))
                : null;
    }
}
