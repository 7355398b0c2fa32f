namespace MemSnoop.KernelTests;

/// <summary>Windows of several lengths: for the long tier.</summary>
public sealed class WindowsBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["windows"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(10);
}

/// <summary>The length of a window is that of the time in which accesses count, however long a pass takes.</summary>
public sealed class WindowTests(WindowsBoot boot) : IClassFixture<WindowsBoot>
{
    private const string Scenario = "lengths-of-windows";
    private const double Mb = WorkingSetTruth.Mb;
    private const double Rate = 39 * Mb;

    // The program's own code, stack and libraries, in each window.
    private const double OwnBytes = 0.6 * Mb;

    // What a busy host may keep the program from doing in one window, and lets it do in another.
    private const double LateSeconds = 0.15;

    [LongTier(Scenario)]
    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("1s", 1)]
    [InlineData("4s", 4)]
    [InlineData("10s", 10)]
    public void What_is_used_is_the_rate_times_the_published_length(string window, double interval)
    {
        ScenarioResult result = boot["windows"];
        PublishedWindow[] windows = [.. new Recording(result, $"{window}.json").OfProcess(result.Last("target.json").GetProperty("pid")).Where(each => each.Exact.HasValue && each.Seconds >= interval * 0.9)];
        Assert.NotEmpty(windows);
        double used = windows.Sum(static each => each.Exact!.Value) - (windows.Length * OwnBytes);
        double expected = windows.Sum(static each => each.Seconds) * Rate;
        Measured.Note(Scenario, $"{window}: {windows.Length} windows of {windows.Average(static each => each.Seconds):F2} s; {used / Mb:F1} MB used, {expected / Mb:F1} expected");
        Assert.True(
            Math.Abs(used - expected) <= (expected * 0.02) + (LateSeconds * Rate) + (windows.Length * OwnBytes),
            $"{window}: {used / Mb:F1} MB used, {expected / Mb:F1} expected:\n{string.Join('\n', windows.AsEnumerable())}");
    }
}
