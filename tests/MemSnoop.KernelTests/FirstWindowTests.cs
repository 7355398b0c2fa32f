using System.Globalization;
using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>The first minute: its windows are short, and jobs that end within it have one.</summary>
public sealed class FirstWindowTests(TruthBoot boot) : IClassFixture<TruthBoot>
{
    private const double Mb = WorkingSetTruth.Mb;

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
