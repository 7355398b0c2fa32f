using System.Globalization;
using System.Text;
using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>
/// Is it safe to shrink? Workloads of known need get the limit that the rules recommend, and run again. Produces the table of <c>docs/shrink.md</c>: <c>tests/measured.sh</c> puts it
/// there. Work comes at a fixed pace, so that what a workload needs does not depend on the machine; throughput is the work done in time, compared with a twin without a limit in the
/// same seconds, so that what else the machine does cancels out.
/// </summary>
[LongTier(Scenario)]
public sealed class ShrinkTests(ShrinkBoot boot) : IClassFixture<ShrinkBoot>
{
    private const string Scenario = "shrink";
    private const double Mb = 1 << 20;
    private const int Window = 5;

    /// <summary>The longest window of which a workload tells what it needed, in seconds.</summary>
    private const int LongestKnown = 60;

    /// <summary>What the rules add.</summary>
    private const double Margin = 1.15;

    /// <summary>So little comes back anyway: pages of libraries, and what the first unit after the reading of the counters still found out.</summary>
    private const double FewBytes = 4 * Mb;

    private static readonly string[] Sized = ["cache", "heap", "reader", "batch"];

    private static readonly Dictionary<string, string> Texts = new()
    {
        ["cache"] = "objects asked for by Zipf's law",
        ["heap"] = "a heap that grows and collapses",
        ["reader"] = "a file read by `read`",
        ["batch"] = "a batch every minute",
        ["leak"] = "a leak",
        ["seldom"] = "comes back once in five minutes",
    };

    [Fact]
    public void A_leak_and_a_period_that_is_not_known_have_a_reason_in_place_of_a_recommendation()
    {
        Assert.Equal(["leak", "seldom"], boot.Reasons.Keys.Order());
        Assert.Contains("growing", boot.Reasons["leak"]);
        Assert.Contains("period", boot.Reasons["seldom"]);
        Assert.Equal(Sized.Order(), boot.Limits.Keys.Order());
    }

    [Fact]
    public void The_recommendation_is_what_is_needed_and_its_margin_and_never_less_than_what_was_used()
    {
        IReadOnlyList<(double Seconds, Scrape Scrape)> scrapes = ShrinkScrapes.Of(boot.Measured);
        int longest = Math.Min((int)Math.Ceiling(ShrinkScrapes.LongestWindow(scrapes)) + 1, LongestKnown);
        foreach (string name in Sized)
        {
            double limit = boot.Limits[name];
            Assert.True(limit >= MostUsed(scrapes, name), $"{name}: {limit} recommended, {MostUsed(scrapes, name)} used");
            Assert.InRange(limit, Margin * 0.9 * (Needed(name, Window) + Kernel(name)), Margin * 1.1 * (Needed(name, longest) + Kernel(name)));
        }
    }

    [Fact]
    public void At_the_recommended_limit_nobody_is_killed_the_work_is_done_and_as_much_comes_back_as_was_predicted()
    {
        ScenarioResult limited = boot["shrink"];
        IReadOnlyList<(double Seconds, Scrape Scrape)> scrapes = ShrinkScrapes.Of(boot.Measured);
        StringBuilder table = new("""
            | workload | needs | used, at most | holds | limit | work done in time | would come back | came back | killed |
            |---|---:|---:|---:|---:|---:|---:|---:|---:|

            """);
        List<string> complaints = [];
        foreach (string name in Sized)
        {
            double limit = boot.Limits[name];
            Assert.Equal(limit, Math.Round(limit));
            (double seconds, double units) = Done(limited, name);
            (double freeSeconds, double freeUnits) = Done(limited, $"{name}-free");
            double throughput = units / seconds / (freeUnits / freeSeconds);
            double predicted = ShrinkScrapes.Returns(scrapes, name, limit) * seconds;
            double refaulted = Refaulted(limited, name, "after") - Refaulted(limited, name, "before");
            double kills = Field(limited, $"{name}-after-events.txt", "oom_kill");
            Check(kills == 0, $"{name}: {kills} kills");
            Check(throughput >= 0.95, $"{name}: {throughput:P1} of the work is done");
            Check(
                Math.Max(predicted, refaulted) < FewBytes || (refaulted < 2 * predicted && predicted < 2 * refaulted),
                $"{name}: {predicted / Mb:F1} MB should have come back, and {refaulted / Mb:F1} came");
            string told = name == "reader" ? "not told" : Megabytes(predicted);
            table.Append(CultureInfo.InvariantCulture,
                $"| {Texts[name]} | {Megabytes(Needed(name, Window))} | {Megabytes(MostUsed(scrapes, name))} | {Megabytes(Held(scrapes, name))} | {Megabytes(limit)} | {100 * throughput:F1} % | {told} | {Megabytes(refaulted)} | {kills} |\n");
            Measured.Note(Scenario, FormattableString.Invariant(
                $"{name}: limit {limit / Mb:F1} MB of {Held(scrapes, name) / Mb:F1} held, {100 * throughput:F1} % of the work, {refaulted / Mb:F1} MB came back, predicted {predicted / Mb:F1}"));
        }

        foreach ((string name, string[] reasons) in boot.Reasons.OrderBy(static workload => workload.Key, StringComparer.Ordinal))
        {
            table.Append(CultureInfo.InvariantCulture, $"| {Texts[name]} | {Megabytes(Needed(name, Window))} | {Megabytes(MostUsed(scrapes, name))} | {Megabytes(Held(scrapes, name))} | none: {string.Join(", ", reasons.Select(static reason => $"`{reason}`"))} | | | | |\n");
            Measured.Note(Scenario, $"{name}: {string.Join(", ", reasons)}");
        }

        TestContext.Current.TestOutputHelper?.WriteLine(table.ToString());
        Assert.True(complaints.Count == 0, string.Join('\n', complaints));
        File.WriteAllText(Path.Combine(Checkout.Root, "artifacts", "shrink.md"), table.ToString());

        void Check(bool holds, FormattableString complaint)
        {
            if (!holds)
            {
                complaints.Add(complaint.ToString(CultureInfo.InvariantCulture));
            }
        }
    }

    /// <summary>The most that its work needed within a window of so many seconds, as the program knows it.</summary>
    private double Needed(string name, int seconds) => boot.Measured.Last($"{name}.json").GetProperty("needed_bytes")[seconds].GetDouble();

    private double Kernel(string name) => Field(boot.Measured, $"{name}-after-stat.txt", "kernel");

    private static double MostUsed(IReadOnlyList<(double Seconds, Scrape Scrape)> scrapes, string name) => scrapes.Max(scrape => Of(scrape.Scrape, "memsnoop_container_memory_used_bytes", name));

    private static double Held(IReadOnlyList<(double Seconds, Scrape Scrape)> scrapes, string name) => scrapes.Max(scrape => Of(scrape.Scrape, "memsnoop_container_memory_usage_bytes", name));

    private static double Of(Scrape scrape, string series, string name) => scrape.Of(series, ("pod", $"{name}-0")).Sum(static sample => sample.Number);

    /// <summary>The units done in time while it was watched, and how long that was.</summary>
    private static (double Seconds, double Units) Done(ScenarioResult run, string name)
    {
        IReadOnlyList<JsonElement> lines = run.Lines($"{name}.json");
        double Between(string what) => lines[^1].GetProperty(what).GetDouble() - lines[^2].GetProperty(what).GetDouble();
        return (Between("monotonic_ns") / 1e9, Between("in_time"));
    }

    private static double Refaulted(ScenarioResult run, string name, string when) =>
        Environment.SystemPageSize * (Field(run, $"{name}-{when}-stat.txt", "workingset_refault_anon") + Field(run, $"{name}-{when}-stat.txt", "workingset_refault_file"));

    private static double Field(ScenarioResult run, string file, string name) => run.Text(file).Split('\n')
        .Select(static line => line.Split(' ')).Where(fields => fields[0] == name).Select(static fields => double.Parse(fields[1], CultureInfo.InvariantCulture)).Single();

    private static string Megabytes(double bytes) => (bytes / Mb).ToString("F1", CultureInfo.InvariantCulture);
}
