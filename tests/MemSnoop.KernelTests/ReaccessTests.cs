using System.Text.Json;

namespace MemSnoop.KernelTests;

public sealed class ReaccessBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["returns"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(15);
}

/// <summary>
/// A program comes back nine times to a region of 20 MB every 8 s, five times to another every 16 s, and three times to a third every 32 s, after it had left all of
/// them alone for more than 20 s; 40 MB more are never touched. Windows of 1 s, with room for windows that end seconds late.
/// </summary>
[LongTier(Scenario)]
public sealed class ReaccessTests(ReaccessBoot boot) : IClassFixture<ReaccessBoot>
{
    private const string Scenario = "returns";
    private const double Mb = 1 << 20;
    private const string Process = "memsnoop_process_reaccessed_bytes_total";
    private const string Container = "memsnoop_container_reaccessed_bytes_total";

    /// <summary>What each age must count: all returns; the first of each region and those after 16 s or more; the first of each and those after 32 s.</summary>
    private static readonly Dictionary<int, double> Returns = new() { [2] = (9 + 5 + 3) * 20, [10] = (1 + 5 + 3) * 20, [20] = (1 + 1 + 3) * 20 };

    public static TheoryData<string, int> AgesOfPasses => new(from pass in (string[])["whole", "spread"] from age in Returns.Keys select (pass, age));

    [Theory]
    [MemberData(nameof(AgesOfPasses))]
    public void Each_age_counts_what_came_back_after_so_long(string pass, int age)
    {
        foreach (string name in (string[])[Process, Container])
        {
            double counted = Value($"{pass}-after", name, age) - Value($"{pass}-before", name, age);
            Assert.InRange(counted, Returns[age] * Mb * 0.98, Returns[age] * Mb * 1.02);
        }

        double came = Value($"{pass}-after", Process, age) - Value($"{pass}-before", Process, age);
        Measured.Note(Scenario, FormattableString.Invariant($"{pass} passes, idle for {age} s: {came / Mb:F2} MB came back of {Returns[age]}"));
    }

    [Theory]
    [InlineData("whole")]
    [InlineData("spread")]
    public void Before_the_program_begins_next_to_nothing_comes_back(string pass) =>
        Assert.All(Returns.Keys, age => Assert.InRange(Value($"{pass}-before", Process, age), 0, 2 * Mb));

    [Theory]
    [InlineData("whole")]
    [InlineData("spread")]
    public void Nothing_is_in_doubt_and_the_counters_end_with_what_they_count(string pass)
    {
        Scrape after = Metrics($"{pass}-after");
        Assert.Empty(after.Of("memsnoop_process_reaccessed_doubtful_bytes_total"));
        Assert.Single(after.Of("memsnoop_measurement_info", ("measurement", "reaccessed"), ("method", "page_idle"), ("state", "on"), ("reason", "ok")));
        Scrape ended = Metrics($"{pass}-ended");
        Assert.Empty(ended.Of(Process));
        Assert.Empty(ended.Of(Container));
    }

    [Theory]
    [InlineData("whole", "exporter")]
    [InlineData("own", "own")]
    public void Wss_tells_the_same_whoever_measures(string run, string source)
    {
        Assert.Equal("", boot["returns"].Text($"{run}-wss.err"));
        using JsonDocument document = JsonDocument.Parse(boot["returns"].Text($"{run}-wss.json.txt"));
        Assert.Equal(source, document.RootElement.GetProperty("source").GetString());
        JsonElement[] ages = [.. document.RootElement.GetProperty("ages").EnumerateArray()];
        Assert.Equal([1, 10, 20], ages.Select(static age => age.GetProperty("age_seconds").GetDouble()));
        Assert.All(ages.Zip(Returns.Values), static pair =>
        {
            Assert.InRange(pair.First.GetProperty("reaccessed_bytes").GetDouble(), pair.Second * Mb * 0.98, pair.Second * Mb * 1.02);
            Assert.Equal(0, pair.First.GetProperty("doubtful_bytes").GetDouble());
        });

        // The region that nobody comes back to, and at the end those that were left alone again.
        Assert.InRange(ages[^1].GetProperty("idle_bytes").GetDouble(), 39.2 * Mb, 102 * Mb);
        Assert.InRange(ages[^1].GetProperty("observed_seconds").GetDouble(), 90, 115);
    }

    private double Value(string scrape, string name, int age) => Metrics(scrape).Value(name, ("age", $"{age}"));

    private Scrape Metrics(string name) => new(boot["returns"].Text($"{name}.txt"));
}
