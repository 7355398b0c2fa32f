using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>Others who take accessed bits: for the long tier.</summary>
public sealed class ReadersBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["readers", "damon", "numa"];

    protected override IReadOnlyList<string> Arguments => ["--append", "numa=fake=2"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(40);
}

/// <summary>Others that clear accessed bits in the middle of windows: strangers, DAMON, NUMA balancing, ourselves.</summary>
public sealed class ReaderTests(ReadersBoot boot) : IClassFixture<ReadersBoot>
{
    private const string Scenario = "second-readers";
    private const double Mb = WorkingSetTruth.Mb;
    private const double Interval = 3;

    [LongTier(Scenario)]
    [Theory]
    [InlineData("bitmap")]
    [InlineData("referenced")]
    public void Every_window_beside_other_readers_keeps_the_rule(string recording)
    {
        ScenarioResult readers = boot["readers"];

        // Nothing tells that a stranger wrote clear_refs: what was touched before, in the same window, is lost.
        double[] strangers = [.. readers.Lines("acts.json").Where(static act => act.GetProperty("act").GetString()!.EndsWith("clear-refs", StringComparison.Ordinal)).Select(static act => act.GetProperty("ms").GetDouble() / 1000)];
        IReadOnlyList<PublishedWindow> windows = new Recording(readers, $"{recording}.json").OfProcess(readers.Last("target.json").GetProperty("pid"));
        IReadOnlyList<Use> uses =
        [
            .. WorkingSetTruth.UsesOf(readers.Lines("target.json"), "touch", 40 * Mb)
                .Select(use => use with { MayBeMissed = strangers.Any(moment => use.Begin < moment && moment < use.End + Interval) }),
        ];
        new WorkingSetTruth { Uses = uses }.AssertKept(recording, windows);
        Note(recording, windows);
    }

    [LongTier(Scenario)]
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

    [LongTier(Scenario)]
    [Fact]
    public void Every_window_beside_damon_keeps_the_rule()
    {
        ScenarioResult damon = boot["damon"];
        Assert.Equal("on\non", damon.Text("state.txt"));
        IReadOnlyList<PublishedWindow> windows = new Recording(damon, "passes.json").OfProcess(damon.Last("target.json").GetProperty("pid"));
        new WorkingSetTruth { Uses = WorkingSetTruth.UsesOf(damon.Lines("target.json"), "touch", 40 * Mb) }.AssertKept("damon", windows);
        Note("beside DAMON", windows);
    }

    [LongTier(Scenario)]
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
        IReadOnlyList<PublishedWindow> windows = new Recording(numa, "passes.json").OfProcess(lines[^1].GetProperty("pid"));
        truth.AssertKept(name, windows);
        Note($"NUMA balancing, touched {name}", windows);
    }

    private static void Note(string what, IReadOnlyList<PublishedWindow> windows) => Measured.Note(Scenario, $"{what}: {WorkingSetTruth.Count(windows)}");
}
