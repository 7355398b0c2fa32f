using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>Bytes that a program touched once.</summary>
/// <param name="Begin">Not before.</param>
/// <param name="End">Not after.</param>
/// <param name="Bytes">How much.</param>
/// <param name="Part">Which of its memory: the same part counts once in a window.</param>
/// <param name="MayBeMissed">
/// Whether the documentation says that this is seen in part or not at all, or that it is no use and looks like one: collapse, merged pages, large folios, ...
/// </param>
internal readonly record struct Use(double Begin, double End, double Bytes, string Part = "", bool MayBeMissed = false);

/// <summary>
/// What is true of a program, and the rule by which all windows that were published of it are judged: right within 2 % and what the program itself is; or the
/// truth within the bracket; or absent. Memory is never said to have been idle for longer than it was.
/// </summary>
internal sealed class WorkingSetTruth
{
    internal const double Mb = 1 << 20;
    private const double Tolerance = 0.02;

    // The program's code, stack and libraries; when it does something new they are more.
    private const double OwnBytes = 1.5 * Mb;

    // Frames that no method can see: the last ones of memory, and those in a processor's queue.
    private const double HiddenBytes = 0.4 * Mb;

    /// <summary>Bytes that are touched all the time, from <see cref="AlwaysFrom"/> on.</summary>
    public double Always { get; init; }

    public double AlwaysFrom { get; init; }

    /// <summary>What the program maps and does not touch: where memory is swapped out, nobody knows how much of it is still among what is resident.</summary>
    public double Resting { get; init; }

    /// <summary>What is touched once.</summary>
    public IReadOnlyList<Use> Uses { get; init; } = [];

    /// <summary>The time between two clocks of a line that a workload printed.</summary>
    public static (double Begin, double End) Time(JsonElement line) =>
        (line.GetProperty("begin_ns").GetInt64() / 1e9, line.GetProperty("monotonic_ns").GetInt64() / 1e9);

    /// <summary>Fails with the complaints about the windows, and says what was published of how many.</summary>
    public void AssertKept(string what, IReadOnlyList<PublishedWindow> windows)
    {
        IReadOnlyList<string> complaints = Judge(windows);
        Assert.True(complaints.Count == 0, $"{what}: {Count(windows)}; {complaints.Count} complaints:\n{string.Join('\n', complaints.Take(6))}");
    }

    /// <summary>How many windows were whole, bracketed and absent.</summary>
    public static string Count(IReadOnlyList<PublishedWindow> windows) =>
        $"{windows.Count(static window => window.Exact.HasValue)} whole, {windows.Count(static window => window.IsBracket)} bracketed, {windows.Count(static window => window.IsAbsent)} absent";

    /// <summary>
    /// A program that goes on touching its memory: at least 90 % of the windows have a number, and the brackets are narrow or rare. On a busy machine the kernel may age on its own
    /// account, also a group that nobody ages, and the bracket of such a window is as wide as what the program leaves alone.
    /// </summary>
    public static void AssertUseful(string what, IReadOnlyList<PublishedWindow> windows)
    {
        Assert.True(windows.Count(static window => !window.IsAbsent) >= windows.Count * 0.9, $"{what}: {Count(windows)}");
        double[] widths = [.. windows.Where(static window => window.IsBracket && window.Idle.ContainsKey(0)).Select(static window => (window.Upper!.Value - window.Lower!.Value) / window.Idle[0]).Order()];
        Assert.True(widths.Length <= windows.Count / 5 || widths[widths.Length / 2] <= 0.25, $"{what}: {Count(windows)}; widths of brackets as parts of what is resident: {string.Join(' ', widths.Select(static width => $"{width:P0}"))}");
    }

    /// <summary>The uses that a program's lines with these commands say.</summary>
    public static IReadOnlyList<Use> UsesOf(IEnumerable<JsonElement> lines, string beginning, double bytes) =>
    [
        .. lines.Where(line => line.GetProperty("doing").GetString()!.StartsWith(beginning, StringComparison.Ordinal)).Select(Time)
            .Select(time => new Use(time.Begin, time.End, bytes)),
    ];

    /// <summary>Every complaint about the windows; empty when all of them keep the rule.</summary>
    public IReadOnlyList<string> Judge(IReadOnlyList<PublishedWindow> windows)
    {
        List<string> complaints = [];
        if (windows.Count == 0)
        {
            complaints.Add("no window at all");
        }

        foreach (PublishedWindow window in windows)
        {
            double least = LeastIn(window);
            double most = MostIn(window);
            if (window.Exact is { } exact && (exact < (least * (1 - Tolerance)) - HiddenBytes || exact > (most * (1 + Tolerance)) + OwnBytes))
            {
                complaints.Add($"truth {Range(least, most)}, published as whole: {window}");
            }

            if (window.IsBracket && (window.Lower > (most * (1 + Tolerance)) + OwnBytes || window.Upper < (least * (1 - Tolerance)) - HiddenBytes || window.Lower > window.Upper))
            {
                complaints.Add($"truth {Range(least, most)}, outside the bracket: {window}");
            }

            complaints.AddRange(JudgeAges(window));
        }

        // A use at the border of two windows may be in either, but in one of them it is.
        foreach (Use use in Uses.Where(use => !use.MayBeMissed && !MayBeUnseen(windows, use)))
        {
            PublishedWindow[] possible = [.. windows.Where(window => MayContain(window, use))];
            bool isSurelyCovered = windows.Count > 0 && use.Begin > windows[0].LatestStart && use.End < windows[^1].EarliestEnd;
            if (isSurelyCovered && possible.Sum(static window => window.Most) < (use.Bytes * (1 - Tolerance)) - HiddenBytes)
            {
                complaints.Add($"{PublishedWindow.Mb(use.Bytes)} used from {use.Begin:F2} to {use.End:F2} s are in none of: {string.Join(" / ", possible.AsEnumerable())}");
            }
        }

        return complaints;
    }

    private IEnumerable<string> JudgeAges(PublishedWindow window)
    {
        if (!window.Idle.TryGetValue(0, out double resident))
        {
            yield break;
        }

        foreach ((double age, double idle) in window.Idle.Where(static band => band.Key > 0))
        {
            // Ages count from the moment at which a pass began; it finds what was touched until it comes to the page.
            double within = window.LatestEnd - age + window.Passes.Longest;
            double touched = Math.Min(
                SurelyResident(window),
                Sum(Uses.Where(use => !use.MayBeMissed && use.Begin >= within && use.End <= window.EarliestEnd)) + (AlwaysFrom < window.EarliestEnd - 0.5 && age >= window.SurelyTouchedIn ? Always : 0));
            if (idle > resident - (touched * (1 - Tolerance)) + HiddenBytes)
            {
                yield return $"{PublishedWindow.Mb(touched)} of {PublishedWindow.Mb(resident)} MB were touched within the last {age} s, and {PublishedWindow.Mb(idle)} MB are said to be idle for longer: {window}";

                // Other ages of the same window would say the same again.
                yield break;
            }
        }
    }

    /// <summary>What was surely used within the window, wherever its ends are.</summary>
    private double LeastIn(PublishedWindow window) => Math.Min(
        SurelyResident(window),
        (AlwaysFrom <= window.LatestStart && window.Seconds >= window.SurelyTouchedIn ? Always : 0) + Sum(Uses.Where(use => !use.MayBeMissed && use.Begin >= window.LatestMark && use.End <= window.EarliestEnd)));

    /// <summary>What of the touched memory is surely resident at the window's end: what was moved to swap since is not.</summary>
    private double SurelyResident(PublishedWindow window) => Math.Max(0, window.Idle.GetValueOrDefault(0, double.PositiveInfinity) - Resting);

    private double MostIn(PublishedWindow window) => (AlwaysFrom <= window.LatestEnd ? Always : 0) + Sum(Uses.Where(use => MayContain(window, use)));

    /// <summary>Whether it may be in a window that was published and gone between two scrapes: the one after began only when the one before was over.</summary>
    private static bool MayBeUnseen(IReadOnlyList<PublishedWindow> windows, Use use) => windows.Zip(windows.Skip(1)).Any(pair =>
        pair.First.LatestEnd < pair.Second.EarliestStart && use.End >= pair.First.EarliestEnd && use.Begin <= pair.Second.LatestStart);

    private static bool MayContain(PublishedWindow window, Use use) => use.End >= window.EarliestUse && use.Begin <= window.LatestEnd;

    private static double Sum(IEnumerable<Use> uses) => uses.GroupBy(static use => use.Part).Sum(static part => part.Max(static use => use.Bytes));

    private static string Range(double least, double most) => least == most ? PublishedWindow.Mb(least) : $"{PublishedWindow.Mb(least)} to {PublishedWindow.Mb(most)}";
}
