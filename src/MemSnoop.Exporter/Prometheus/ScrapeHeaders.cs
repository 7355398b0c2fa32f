using System.Globalization;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>What a scrape's headers ask for, beside its format.</summary>
internal static class ScrapeHeaders
{
    /// <summary>The header in which Prometheus says how long it waits for an answer, in seconds.</summary>
    public const string Timeout = "X-Prometheus-Scrape-Timeout-Seconds";

    private const decimal MinTimeout = 0.001m;

    // As milliseconds this is the largest whole number of seconds that fits 31 bits.
    private const decimal MaxTimeout = 2147483;

    /// <summary>How long the server waits; null when it does not say so in a way that makes sense.</summary>
    public static TimeSpan? TimeoutOf(StringValues header)
    {
        return header.Count == 1
            && decimal.TryParse(header[0], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal seconds)
            && seconds is >= MinTimeout and <= MaxTimeout
                ? TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond))
                : null;
    }

    /// <summary>
    /// Whether an Accept-Encoding header names gzip, with a weight above zero. A bare <c>*</c> asks for nothing in particular and gets no
    /// compression, nor does a header with a mistake in it: text as it is can be read by everybody.
    /// </summary>
    public static bool AllowGzip(StringValues header)
    {
        return StringWithQualityHeaderValue.TryParseStrictList(header, out IList<StringWithQualityHeaderValue>? codings)
            && codings.FirstOrDefault(static coding => coding.Value.Equals("gzip", StringComparison.OrdinalIgnoreCase)) is { } gzip
            && gzip.Quality is null or > 0;
    }
}
