using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>Others that clear accessed bits in the middle of windows: strangers, DAMON, NUMA balancing, ourselves.</summary>
public sealed class ReaderTests(TruthBoot boot) : IClassFixture<TruthBoot>
{
    private const double Mb = WorkingSetTruth.Mb;
    private const double Interval = 3;

    [Theory]
    [InlineData("bitmap")]
    [InlineData("referenced")]
    public void Every_window_beside_other_readers_keeps_the_rule(string recording)
    {
        ScenarioResult readers = boot["readers"];

        // Nothing tells that a stranger wrote clear_refs: what was touched before, in the same window, is lost.
        double[] strangers = [.. readers.Lines("acts.json").Where(static act => act.GetProperty("act").GetString()!.EndsWith("clear-refs", StringComparison.Ordinal)).Select(static act => act.GetProperty("ms").GetDouble() / 1000)];
        IReadOnlyList<PublishedWindow> windows = new Recording(readers, $"{recording}.json").OfProcess(readers.Last("target.json").GetProperty("pid"));
        if (recording == "referenced")
        {
            // There is one referenced bit for both: a window on request cuts the running one short, which may have ended an interval before it is published.
            windows = [.. windows.Select(static window => IsCutShort(window) ? window with { EarliestEnd = window.EarliestEnd - Interval + window.Seconds } : window)];
        }

        PublishedWindow[] cut = [.. windows.Where(window => recording == "referenced" && IsCutShort(window))];
        IReadOnlyList<Use> uses =
        [
            .. WorkingSetTruth.UsesOf(readers.Lines("target.json"), "touch", 40 * Mb).Select(use => use with
            {
                MayBeMissed = strangers.Any(moment => use.Begin < moment && moment < use.End + Interval)
                    || cut.Any(window => use.End > window.EarliestStart - Interval && use.Begin < window.LatestEnd),
            }),
        ];
        new WorkingSetTruth { Uses = uses }.AssertKept(recording, windows);

        static bool IsCutShort(PublishedWindow window) => window.Exact.HasValue && window.Seconds < Interval * 0.8;
    }

    [Theory]
    [InlineData("ours-referenced")]
    [InlineData("ours-elsewhere")]
    [InlineData("ours-last")]
    [InlineData("referenced-ours")]
    [InlineData("referenced-elsewhere")]
    public void Who_asks_beside_an_exporter_is_answered(string name)
    {
        ScenarioResult readers = boot["readers"];
        JsonElement act = readers.Lines("acts.json").Single(line => line.GetProperty("act").GetString() == name);
        Assert.True(act.GetProperty("code").GetInt32() == 0, readers.Text($"{name}.err"));
        Assert.InRange(WssLine.Parse(readers.Text($"{name}.out")).UsedMb, 0, 42);
    }

    [Fact]
    public void Every_window_beside_damon_keeps_the_rule()
    {
        ScenarioResult damon = boot["damon"];
        Assert.Equal("on\non", damon.Text("state.txt"));
        new WorkingSetTruth { Uses = WorkingSetTruth.UsesOf(damon.Lines("target.json"), "touch", 40 * Mb) }
            .AssertKept("damon", new Recording(damon, "passes.json").OfProcess(damon.Last("target.json").GetProperty("pid")));
    }

    [Theory]
    [InlineData("hot")]
    [InlineData("once")]
    public void Every_window_under_NUMA_balancing_keeps_the_rule(string name)
    {
        ScenarioResult numa = boot["numa"];
        IReadOnlyList<JsonElement> lines = numa.Lines($"{name}.json");
        WorkingSetTruth truth = name == "hot"
            ? new() { Always = 20 * Mb, AlwaysFrom = WorkingSetTruth.Time(lines[^1]).End }
            : new() { Uses = WorkingSetTruth.UsesOf(lines, "touch", 20 * Mb) };
        truth.AssertKept(name, new Recording(numa, "passes.json").OfProcess(lines[^1].GetProperty("pid")));
    }
}
