using System.Globalization;
using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>The length of a window is that of the time in which accesses count, however long a pass takes; and the first ones are short.</summary>
public sealed class WindowTests(TruthBoot boot) : IClassFixture<TruthBoot>
{
    private const double Mb = WorkingSetTruth.Mb;
    private const double Rate = 39 * Mb;

    // The program's own code, stack and libraries, in each window.
    private const double OwnBytes = 0.6 * Mb;

    // What a busy host may keep the program from doing in one window, and lets it do in another.
    private const double LateSeconds = 0.15;

    [Theory]
    [InlineData("500ms")]
    [InlineData("1s")]
    [InlineData("4s")]
    [InlineData("10s")]
    public void What_is_used_is_the_rate_times_the_published_length(string window)
    {
        ScenarioResult result = boot["windows"];
        PublishedWindow[] windows = [.. new Recording(result, $"{window}.json").OfProcess(result.Last("target.json").GetProperty("pid")).Where(static each => each.Exact.HasValue)];
        Assert.NotEmpty(windows);
        double used = windows.Sum(static each => each.Exact!.Value) - (windows.Length * OwnBytes);
        double expected = windows.Sum(static each => each.Seconds) * Rate;
        Assert.True(
            Math.Abs(used - expected) <= (expected * 0.02) + (LateSeconds * Rate) + (windows.Length * OwnBytes),
            $"{window}: {used / Mb:F1} MB used, {expected / Mb:F1} expected:\n{string.Join('\n', windows.AsEnumerable())}");
    }

    [Fact]
    public void Jobs_of_twenty_seconds_have_a_working_set()
    {
        ScenarioResult first = boot["first"];
        Recording recording = new(first, "passes.json");
        IReadOnlyList<JsonElement> jobs = first.Lines("jobs.json");
        Assert.Equal(5, jobs.Count);
        Assert.All(jobs, job =>
        {
            string name = job.GetProperty("job").GetString()!;
            IReadOnlyList<PublishedWindow> windows = recording.OfProcess(job.GetProperty("pid"));
            Assert.True(windows.Any(static window => !window.IsAbsent), $"{name}: no window");
            new WorkingSetTruth { Always = 20 * Mb, AlwaysFrom = WorkingSetTruth.Time(first.Last($"{name}.json")).End, Uses = [Filling(first, name)] }.AssertKept(name, windows);
        });
    }

    [Fact]
    public void First_windows_are_short_and_become_longer()
    {
        ScenarioResult first = boot["first"];
        IReadOnlyList<PublishedWindow> windows = new Recording(first, "passes.json").OfProcess(first.Last("before.json").GetProperty("pid"));
        Assert.NotEmpty(windows);
        Assert.InRange(windows[0].Seconds, 0.5, 10);
        Assert.Equal(windows.Select(static window => Math.Round(window.Seconds)), windows.Select(static window => Math.Round(window.Seconds)).Order());

        // When the next one ends: seconds since the epoch, or from now on.
        Assert.True(double.Parse(first.Text("next-window.txt").Split(' ')[^1], CultureInfo.InvariantCulture) > 0);
    }

    private static Use Filling(ScenarioResult result, string name) =>
        WorkingSetTruth.Time(result.Lines($"{name}.json").First(static line => line.GetProperty("doing").GetString()!.StartsWith("map", StringComparison.Ordinal))) is var (begin, end)
            ? new Use(begin, end, 30 * Mb, "filled", MayBeMissed: true) : default;
}
