using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>The multi-generational LRU, on and idle, and aging in the middle of windows.</summary>
public sealed class AgingTests(TruthBoot boot) : IClassFixture<TruthBoot>
{
    private const double Mb = WorkingSetTruth.Mb;

    private ScenarioResult Aging => boot["aging"];

    [Theory]
    [InlineData("once")]
    [InlineData("hot")]
    [InlineData("elsewhere")]
    [InlineData("reclaimed")]
    public void Windows_are_whole_while_nothing_ages(string name)
    {
        IReadOnlyList<PublishedWindow> windows = Windows("idle", name);
        Assert.True(windows.Count >= 40, $"{name}: {windows.Count} windows");
        Assert.True(windows.All(static window => window.Exact.HasValue), $"{name}: {WorkingSetTruth.Count(windows)}");
        Truth(name).AssertKept(name, windows);
    }

    [Fact]
    public void The_control_group_really_aged()
    {
        IReadOnlyList<JsonElement> rounds = Aging.Lines("aging.json");
        Assert.Equal(6, rounds.Count);
        Assert.All(rounds, static round => Assert.True(round.GetProperty("after").GetInt32() > round.GetProperty("before").GetInt32()));
    }

    [Theory]
    [InlineData("once")]
    [InlineData("hot")]
    [InlineData("elsewhere")]
    [InlineData("reclaimed")]
    public void Every_window_keeps_the_rule(string name) => Truth(name).AssertKept(name, Windows("passes", name));

    [Theory]
    [InlineData("hot")]
    [InlineData("elsewhere")]
    public void Who_goes_on_touching_gets_narrow_brackets(string name) => WorkingSetTruth.AssertUseful(name, Windows("passes", name));

    [Fact]
    public void Debugfs_is_mounted_for_nobody_else() => Assert.Equal("", Aging.Text("debugfs.txt"));

    private IReadOnlyList<PublishedWindow> Windows(string recording, string name) =>
        new Recording(Aging, $"{recording}.json").OfProcess(Aging.Last($"{name}.json").GetProperty("pid"));

    private WorkingSetTruth Truth(string name)
    {
        IReadOnlyList<JsonElement> lines = Aging.Lines($"{name}.json");
        return name is "once" or "reclaimed"
            ? new()
            {
                // Of what is reclaimed 5 MB, and what the kernel takes beyond that, may have been touched.
                Uses = name == "once"
                    ? WorkingSetTruth.UsesOf(lines, "touch", 40 * Mb)
                    : [.. WorkingSetTruth.UsesOf(lines, "touch", 34 * Mb), .. WorkingSetTruth.UsesOf(lines, "touch", 40 * Mb).Select(static use => use with { MayBeMissed = true })],
            }
            : new() { Always = 40 * Mb, AlwaysFrom = WorkingSetTruth.Time(lines[^1]).End };
    }
}
