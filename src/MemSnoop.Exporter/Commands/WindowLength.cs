using System.Globalization;
using MemSnoop.Exporter.LocalApi;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Commands;

/// <summary>The argument <c>SECONDS</c>: how long a window is to be.</summary>
internal static class WindowLength
{
    /// <summary>Reads it; null if it is not given.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    internal static TimeSpan? Read(string? text)
    {
        if (text is null)
        {
            return null;
        }

        TimeSpan? window = decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal seconds)
            ? TimeSpan.FromSeconds((double)Math.Min(seconds, 1_000_000))
            : Duration.TryParse(text, out Duration duration) ? duration.Value : null;
        return window > TimeSpan.Zero && window <= WindowRequest.Longest
            ? window.Value
            : throw new UsageException(
                "SECONDS", $"{UsageException.Quote(text)} is not the length of a window",
                "a number of seconds such as 0.5, or a duration such as 2m, more than 0 and at most 1d");
    }
}
