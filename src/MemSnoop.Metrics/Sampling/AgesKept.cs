using System.Globalization;

namespace MemSnoop.Metrics.Sampling;

/// <summary>For how long idle ages hold that an exporter has left to the next.</summary>
internal static class AgesKept
{
    /// <summary>Two intervals: the window in which nobody measured is then no more than twice as long as the others, or three times with the one that was open.</summary>
    internal static TimeSpan For(TimeSpan interval) => 2 * interval;

    /// <summary>An amount of memory for people, like <c>12.3 MB</c> or <c>4.5 kB</c>.</summary>
    internal static string Describe(long bytes) => bytes < 100_000
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.0} kB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB");
}
