using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>What the scenarios <c>pressure</c> and <c>limited</c> left.</summary>
internal static class Pressure
{
    private const double Mb = WorkingSetTruth.Mb;

    public static IReadOnlyList<PublishedWindow> Windows(ScenarioResult result, string stretch, string name) =>
        new Recording(result, $"{stretch}.json").OfProcess(result.Last($"{name}.json").GetProperty("pid"));

    public static void AssertKept(ScenarioResult result, string stretch, string scenario)
    {
        foreach (string name in (ReadOnlySpan<string>)["hot", "cold", "outside"])
        {
            IReadOnlyList<PublishedWindow> windows = Windows(result, stretch, name);
            Measured.Note(scenario, $"{stretch}, {name}: {WorkingSetTruth.Count(windows)}");
            Truth(result, name).AssertKept($"{stretch}, {name}", windows);
        }
    }

    /// <summary>What the scenarios have a program do, by its name.</summary>
    public static WorkingSetTruth Truth(ScenarioResult result, string name)
    {
        (double touched, double resting) = name switch
        {
            "hot" => (48, 12),
            "cold" => (0, 30),
            _ => (24, 6),
        };
        return new WorkingSetTruth { Always = touched * Mb, Resting = resting * Mb, AlwaysFrom = WorkingSetTruth.Time(result.Last($"{name}.json")).End };
    }

    /// <summary>By how much a figure changed surely within a window.</summary>
    public static double Rise(ScenarioResult result, PublishedWindow window, string figure) => Rise(result, window.LatestStart, window.EarliestEnd, figure);

    /// <summary>By how much a figure changed within a time, from the first look at it to the last.</summary>
    public static double Rise(ScenarioResult result, double begin, double end, string figure)
    {
        double[] within =
        [
            .. result.Lines("generations.json").Where(line => line.GetProperty("ms").GetDouble() / 1000 is double seconds && seconds >= begin && seconds <= end)
                .Select(line => line.GetProperty(figure).GetDouble()),
        ];
        return within.Length == 0 ? 0 : Math.Abs(within[^1] - within[0]);
    }
}
