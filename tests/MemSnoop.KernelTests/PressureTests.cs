namespace MemSnoop.KernelTests;

/// <summary>So little memory that the kernel reclaims: for the long tier.</summary>
public sealed class PressureBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["pressure"];

    protected override IReadOnlyList<string> Arguments => ["--memory", "768"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(15);
}

/// <summary>Under memory pressure the kernel ages and reclaims by itself: in a control group at its limit, and on the whole host.</summary>
public sealed class PressureTests(PressureBoot boot) : IClassFixture<PressureBoot>
{
    private const string Scenario = "memory-pressure";

    [LongTier(Scenario)]
    [Theory]
    [InlineData("quiet")]
    [InlineData("limited")]
    [InlineData("host")]
    public void Every_window_keeps_the_rule(string stretch) => Pressure.AssertKept(boot["pressure"], stretch, Scenario);

    [LongTier(Scenario)]
    [Theory]
    [InlineData("hot")]
    [InlineData("cold")]
    [InlineData("outside")]
    public void Windows_are_whole_while_there_is_no_pressure(string name)
    {
        IReadOnlyList<PublishedWindow> windows = Pressure.Windows(boot["pressure"], "quiet", name);
        Assert.True(windows.Count >= 10 && windows.All(static window => window.Exact.HasValue), $"{name}: {WorkingSetTruth.Count(windows)}");
    }

    [LongTier(Scenario)]
    [Theory]
    [InlineData("limited", "limited", "hot")]
    [InlineData("host", "root", "outside")]
    public void Generations_rose_within_windows(string stretch, string group, string name)
    {
        IReadOnlyList<PublishedWindow> windows = Pressure.Windows(boot["pressure"], stretch, name);

        // Windows follow each other without a gap, so what rose meanwhile rose within windows.
        double rise = Pressure.Rise(boot["pressure"], windows[0].LatestStart, windows[^1].EarliestEnd, group);
        Assert.True(rise >= 3, $"by {rise} in {windows.Count} windows");
    }

    [LongTier(Scenario)]
    [Theory]
    [InlineData("limited", "hot")]
    [InlineData("limited", "outside")]
    [InlineData("host", "hot")]
    [InlineData("host", "outside")]
    public void Who_goes_on_touching_gets_narrow_brackets(string stretch, string name) =>
        WorkingSetTruth.AssertUseful($"{stretch}, {name}", Pressure.Windows(boot["pressure"], stretch, name));
}
