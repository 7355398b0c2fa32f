using System.Globalization;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.LocalApi;

/// <summary>What is asked of the exporter on its socket.</summary>
/// <param name="Process">Of which process. With its start time: who asks may see another process under the pid, as from another pid namespace.</param>
/// <param name="Window">The length of a window that is to be measured, or of several together; null for the last one that there is.</param>
/// <param name="Ages">The ages by which to tell what is accessed again; null for one window.</param>
/// <param name="ByArea">Whether to tell what was used of each area.</param>
/// <param name="Id">A name by which the window can be ended before its time; null if that will not be asked for.</param>
internal readonly record struct WindowRequest(ProcessIdentity Process, TimeSpan? Window, IdleAges? Ages = null, bool ByArea = false, string? Id = null)
{
    /// <summary>The longest window that can be asked for: a day, longer than any useful one.</summary>
    internal static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>The shortest age that can be asked for: the length of a window.</summary>
    internal static readonly TimeSpan ShortestAge = TimeSpan.FromMilliseconds(100);

    internal const string Path = "/api/v1/window";

    /// <summary>The same under its former name, which exporters of all versions answer: the commands ask under this one.</summary>
    internal const string FormerPath = "/v1/window";

    /// <summary>Where a window is ended before its time, by POST.</summary>
    internal const string EndPath = "/v1/window/end";

    private const int LongestId = 64;

    /// <summary>The target of the request, like <c>/v1/window?pid=12&amp;start=3456&amp;seconds=0.5</c>.</summary>
    internal string ToTarget() => string.Create(
        CultureInfo.InvariantCulture,
        $"{FormerPath}?pid={Process.Pid}&start={Process.StartTicks}{(Window is { } window ? $"&seconds={window.TotalSeconds:R}" : "")}{(Ages is { } ages ? $"&ages={Words(ages)}" : "")}{(ByArea ? "&areas=1" : "")}{(Id is null ? "" : $"&id={Id}")}");

    /// <summary>The target of the request that ends the window.</summary>
    internal static string ToEndTarget(string id) => $"{EndPath}?id={id}";

    /// <summary>Whether it can be the name of a window.</summary>
    internal static bool IsId(string? id) => id is { Length: > 0 and <= LongestId } && id.All(char.IsAsciiLetterOrDigit);

    /// <summary>Reads the values; false when one is missing or out of range.</summary>
    internal static bool TryParse(string? pid, string? start, string? seconds, string? ages, string? areas, string? id, out WindowRequest request)
    {
        request = default;
        TimeSpan length = default;
        IdleAges? byAge = null;
        if (!int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number == 0
            || !ulong.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out ulong ticks)
            || (seconds is not null && !TryParseSeconds(seconds, out length))
            || areas is not (null or "1")
            || (areas is not null && (seconds is null || ages is not null))
            || (id is not null && !(IsId(id) && seconds is not null))
            || (ages is not null && !(TryParseAges(ages, out byAge) && length >= ReaccessRun.Shortest(byAge!))))
        {
            return false;
        }

        request = new WindowRequest(new ProcessIdentity(number, ticks), seconds is null ? null : length, byAge, areas is not null, id);
        return true;
    }

    /// <summary>Ages from a list that rises from <see cref="ShortestAge"/> or more; false for another one.</summary>
    internal static bool TryMakeAges(IReadOnlyList<TimeSpan> list, out IdleAges? ages)
    {
        bool isGood = list.Count is > 0 and < IdleAges.MaxCount && list[0] >= ShortestAge && list.Zip(list.Skip(1)).All(static pair => pair.First < pair.Second);
        ages = isGood ? new IdleAges([TimeSpan.Zero, .. list]) : null;
        return isGood;
    }

    private static string Words(IdleAges ages) =>
        string.Join(',', Enumerable.Range(1, ages.Count - 1).Select(age => ages[age].TotalSeconds.ToString("R", CultureInfo.InvariantCulture)));

    private static bool TryParseAges(string text, out IdleAges? ages)
    {
        ages = null;
        List<TimeSpan> list = [];
        foreach (string word in text.Split(','))
        {
            if (!TryParseSeconds(word, out TimeSpan age))
            {
                return false;
            }

            list.Add(age);
        }

        return TryMakeAges(list, out ages);
    }

    private static bool TryParseSeconds(string text, out TimeSpan time)
    {
        bool isGood = double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double seconds)
            && seconds > 0 && seconds <= Longest.TotalSeconds;
        // To the nearest tick, so that what was written comes back.
        time = isGood ? TimeSpan.FromTicks((long)Math.Round(seconds * TimeSpan.TicksPerSecond)) : default;
        return isGood;
    }
}
