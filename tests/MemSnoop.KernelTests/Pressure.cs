using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>What the scenario <c>pressure</c> left.</summary>
internal static class Pressure
{
    private const double Mb = WorkingSetTruth.Mb;

    public static IReadOnlyList<PublishedWindow> Windows(ScenarioResult result, string stretch, string name) =>
        new Recording(result, $"{stretch}.json").OfProcess(result.Last($"{name}.json").GetProperty("pid"));

    public static void AssertKept(ScenarioResult result, string stretch, string scenario)
    {
        foreach ((string name, double touched, double resting) in (ReadOnlySpan<(string, double, double)>)[("hot", 48, 12), ("cold", 0, 30), ("outside", 24, 6)])
        {
            IReadOnlyList<PublishedWindow> windows = Windows(result, stretch, name);
            Measured.Note(scenario, $"{stretch}, {name}: {WorkingSetTruth.Count(windows)}");
            new WorkingSetTruth { Always = touched * Mb, Resting = resting * Mb, AlwaysFrom = WorkingSetTruth.Time(result.Last($"{name}.json")).End }
                .AssertKept($"{stretch}, {name}", windows);
        }
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
