namespace MemSnoop.KernelTests;

/// <summary>As <see cref="PressureBoot"/>, without debugfs.</summary>
public sealed class BlindBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["pressure"];

    protected override IReadOnlyList<string> Arguments => ["--memory", "768", "--append", "debugfs=off"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(15);
}

/// <summary>Memory pressure where debugfs is not to be had: generations are at work and nobody sees them.</summary>
public sealed class BlindTests(BlindBoot boot) : IClassFixture<BlindBoot>
{
    private const string Scenario = "memory-pressure-without-debugfs";

    // A group's memory.stat lags: by fewer pages than these, it may have been the other one.
    private const double LaggingPages = 1000;

    [LongTier(Scenario)]
    [Theory]
    [InlineData("quiet")]
    [InlineData("limited")]
    [InlineData("host")]
    public void Every_window_keeps_the_rule(string stretch) => Pressure.AssertKept(boot["pressure"], stretch, Scenario);

    [LongTier(Scenario)]
    [Theory]
    [InlineData("limited", "scanned", "hot")]
    [InlineData("host", "scanned_elsewhere", "outside")]
    public void Every_window_with_reclaim_is_marked(string stretch, string sign, string name)
    {
        PublishedWindow[] disturbed = [.. Pressure.Windows(boot["pressure"], stretch, name).Where(window => Pressure.Rise(boot["pressure"], window, sign) > LaggingPages)];
        Assert.True(disturbed.Length >= 3, $"{disturbed.Length} windows with reclaim");

        // Where all that is resident was seen in use, nothing is left that could have been hidden.
        Assert.All(disturbed, static window => Assert.True(window.Exact is null || window.Exact >= window.Idle[0] * 0.99, $"{window}"));
    }

    [LongTier(Scenario)]
    [Theory]
    [InlineData("hot")]
    [InlineData("cold")]
    [InlineData("outside")]
    public void A_quiet_host_has_whole_windows(string name)
    {
        IReadOnlyList<PublishedWindow> windows = Pressure.Windows(boot["pressure"], "quiet", name);
        Assert.True(windows.Count >= 10 && windows.Count(static window => window.Exact.HasValue) >= windows.Count * 0.9, $"{name}: {WorkingSetTruth.Count(windows)}");
    }
}
