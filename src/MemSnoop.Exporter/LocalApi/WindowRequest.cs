using System.Globalization;
using MemSnoop.Processes;

namespace MemSnoop.Exporter.LocalApi;

/// <summary>What is asked of the exporter on its socket.</summary>
/// <param name="Process">Of which process. With its start time: who asks may see another process under the pid, as from another pid namespace.</param>
/// <param name="Window">The length of a window that is to be measured; null for the last one that there is.</param>
internal readonly record struct WindowRequest(ProcessIdentity Process, TimeSpan? Window)
{
    /// <summary>The longest window that can be asked for: a day, longer than any useful one.</summary>
    internal static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    internal const string Path = "/v1/window";

    /// <summary>The target of the request, like <c>/v1/window?pid=12&amp;start=3456&amp;seconds=0.5</c>.</summary>
    internal string ToTarget() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Path}?pid={Process.Pid}&start={Process.StartTicks}{(Window is { } window ? $"&seconds={window.TotalSeconds:R}" : "")}");

    /// <summary>Reads the three values; false when one is missing or out of range.</summary>
    internal static bool TryParse(string? pid, string? start, string? seconds, out WindowRequest request)
    {
        request = default;
        double length = 0;
        if (!int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number == 0
            || !ulong.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out ulong ticks)
            || (seconds is not null && !(double.TryParse(seconds, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out length)
                && length > 0 && length <= Longest.TotalSeconds)))
        {
            return false;
        }

        request = new WindowRequest(new ProcessIdentity(number, ticks), seconds is null ? null : TimeSpan.FromSeconds(length));
        return true;
    }
}
