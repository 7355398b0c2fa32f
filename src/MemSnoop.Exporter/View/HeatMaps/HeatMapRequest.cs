using System.Globalization;
using MemSnoop.Processes;
using Microsoft.AspNetCore.Http;

namespace MemSnoop.Exporter.View.HeatMaps;

/// <summary>What a recording is to be.</summary>
/// <param name="Process">Of which process.</param>
/// <param name="Window">How long a window, that is a column, is.</param>
/// <param name="Windows">How many there are.</param>
internal sealed record HeatMapRequest(ProcessIdentity Process, TimeSpan Window, int Windows)
{
    /// <summary>The most columns.</summary>
    internal const int MostWindows = 300;

    /// <summary>The shortest window. A pass over a process of 10 GB takes a tenth of it.</summary>
    internal static readonly TimeSpan ShortestWindow = TimeSpan.FromSeconds(0.5);

    /// <summary>The longest recording.</summary>
    internal static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    internal const double UsualSeconds = 60;
    internal const double UsualWindowSeconds = 1;

    /// <summary>What was expected, if a request is not understood.</summary>
    internal static string Expected { get; } = string.Create(
        CultureInfo.InvariantCulture,
        $"expected process=PID-STARTTICKS, seconds up to {Longest.TotalSeconds}, window_seconds from {ShortestWindow.TotalSeconds}, and at most {MostWindows} windows");

    /// <summary>How long the recording is.</summary>
    internal TimeSpan Length => Window * Windows;

    /// <summary>Reads the parameters of a request for the cost.</summary>
    internal static HeatMapRequest? Parse(IQueryCollection query)
    {
        double seconds = UsualSeconds;
        double window = UsualWindowSeconds;
        return (!query.TryGetValue("seconds", out var length) || TryParse(length, out seconds)) && (!query.TryGetValue("window_seconds", out var one) || TryParse(one, out window))
            ? Of(query["process"], seconds, window)
            : null;
    }

    /// <summary>Reads the body of a request to record.</summary>
    internal static HeatMapRequest? Parse(HeatMapBody? body) => body is null ? null : Of(body.Process, body.Seconds ?? UsualSeconds, body.WindowSeconds ?? UsualWindowSeconds);

    private static HeatMapRequest? Of(string? process, double seconds, double window)
    {
        if (!SubjectId.TryParse(process, out ProcessIdentity identity) || !(window >= ShortestWindow.TotalSeconds && window <= seconds && seconds <= Longest.TotalSeconds))
        {
            return null;
        }

        // A little more, since most fractions have no exact number.
        int windows = (int)((seconds / window) + 1e-9);
        return windows <= MostWindows ? new HeatMapRequest(identity, TimeSpan.FromSeconds(window), windows) : null;
    }

    private static bool TryParse(string? text, out double value) => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value);
}

/// <summary>The body of a request to record.</summary>
/// <param name="Process">Of which process: <c>PID-STARTTICKS</c>.</param>
/// <param name="Seconds">How long; 60 if it is left out.</param>
/// <param name="WindowSeconds">How long a window is; 1 if it is left out.</param>
internal sealed record HeatMapBody(string? Process, double? Seconds, double? WindowSeconds);
