using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace MemSnoop.KernelTests;

/// <summary>Two emulated memory nodes, which the kernel ages apart.</summary>
public sealed class AgeGenerationsBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["age-generations"];

    protected override IReadOnlyList<string> Arguments => ["--disk", "400", "--append", "numa=fake=2"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(12);
}

/// <summary>Memory of control groups by the age of their generations, while memsnoop has them aged.</summary>
[LongTier(Scenario)]
public sealed partial class AgeGenerationsTests(AgeGenerationsBoot boot, ITestOutputHelper output) : IClassFixture<AgeGenerationsBoot>
{
    private const string Scenario = "age-generations";

    private const double Mb = WorkingSetTruth.Mb;

    /// <summary>What the workload's program and libraries may hold beside its blocks.</summary>
    private const double Own = 1 * Mb;

    private static readonly double[] Ages = [0, 1, 2, 3, 4, 6, 8, 10, 15, 20, 30, 60, 120, 300];

    private ScenarioResult Result => boot["age-generations"];

    private string Known => "/docker/" + Result.Text("container.txt");

    public static TheoryData<int> Numbers => [.. Enumerable.Range(1, 12)];

    /// <summary>Two agings, at most 6 s apart, separate what was used between them.</summary>
    [Theory]
    [InlineData("settled")]
    [InlineData("settled-again")]
    public void After_agings_of_ours_used_and_idle_memory_are_known_within_2_percent(string step)
    {
        double used = Sum(step, Known, static band => band.Max <= 15);
        double idle = Sum(step, Known, static band => band.Max > 15);
        Say($"{step}: used {used / Mb:F2} MB, idle {idle / Mb:F2} MB");
        Measured.Note(Scenario, FormattableString.Invariant($"{step}: used {used / Mb:F2} MB of 40, idle {idle / Mb:F2} MB of 160"));
        Assert.InRange(used, 40 * Mb * 0.98, (40 * Mb * 1.02) + Own);
        Assert.InRange(idle, 160 * Mb * 0.98, (160 * Mb * 1.02) + Own);
        AssertWhole(step, Known, 0.2 * Mb);
    }

    /// <summary>The bounds hold the moment of the use, from the first aging after it on. What is used all the time is never said to be idle.</summary>
    [Theory]
    [MemberData(nameof(Numbers))]
    public void The_bounds_of_a_band_hold_the_moment_of_the_use(int number)
    {
        string step = $"touched-{number}";
        (double begin, double end) = WorkingSetTruth.Time(Result.Last("known.json"));
        (double from, double to) = At(step);
        double older = Sum(step, Known, band => band.Min * 1000 > to - (begin * 1000));
        double younger = Sum(step, Known, band => band.Max * 1000 < from - (end * 1000));
        Say($"{(from / 1000) - end:F1} s after: younger {younger / Mb:F2} MB, older {older / Mb:F2} MB, {string.Join(' ', Bands(step, Known).Where(static band => band.Type == "anon").OrderBy(static band => band.Max).Select(static band => $"{band.Min}-{band.Max}:{band.Bytes / Mb:F1}"))}");
        Assert.InRange(younger, 0, (40 * Mb * 1.02) + Own);
        bool isNoticed = from / 1000 > end + 6.5;
        Assert.InRange(older, 0, ((isNoticed ? 140 : 160) * Mb * 1.02) + Own);
        Assert.True(Sum(step, Known, static band => band.Max <= 15) >= 40 * Mb * 0.98);
        AssertWhole(step, Known, 0.2 * Mb);
    }

    /// <summary>The same container by the idle bitmap: anonymous memory agrees, and files are where the kernel does not notice use.</summary>
    [Fact]
    public void The_bitmap_says_the_same_of_anonymous_memory()
    {
        MemSnoop.Testing.Scrape bitmap = new(Result.Text("bitmap.txt"));
        (string, string) container = ("container_id", Result.Text("container.txt"));
        double used = bitmap.Value("memsnoop_container_memory_used_bytes", container, ("kind", "anon"));
        double held = bitmap.Value("memsnoop_container_memory_idle_bytes", container, ("kind", "anon"), ("age", "0"));
        double file = bitmap.Value("memsnoop_container_memory_idle_bytes", container, ("kind", "file"), ("age", "0"));
        double fileUsed = bitmap.Value("memsnoop_container_memory_used_bytes", container, ("kind", "file"));
        double generationsUsed = Sum("settled", Known, static band => band.Max <= 15);
        double generationsHeld = Sum("settled", Known, static _ => true);
        double generationsFile = Bands("settled", Known).Where(static band => band.Type == "file").Sum(static band => band.Bytes);
        Say($"bitmap: used {used / Mb:F2}, held {held / Mb:F2}, file used {fileUsed / Mb:F2} of {file / Mb:F2}; generations: used {generationsUsed / Mb:F2}, held {generationsHeld / Mb:F2}, file {generationsFile / Mb:F2}");
        Assert.InRange(used, 40 * Mb * 0.98, (40 * Mb * 1.02) + Own);
        Assert.InRange(generationsUsed, (used * 0.98) - Own, (used * 1.02) + Own);
        Assert.InRange(generationsHeld, held * 0.98, held * 1.02);
        Assert.InRange(generationsFile, file * 0.98, (file * 1.02) + Own);
        Assert.All(Bands("settled", Known).Where(static band => band.Type == "file"), static band => Assert.Equal(0, band.Min));
    }

    /// <summary>Why the two never run at once: 30 MB were used between two agings, and a pass of the bitmap took the bits before the second one.</summary>
    [Fact]
    public void Beside_the_bitmap_an_aging_does_not_notice_what_was_used_before_a_pass()
    {
        double since = At("theft").To - (WorkingSetTruth.Time(Result.Lines("known.json").First(static line => line.GetProperty("doing").GetString() == "touch 0 100 30")).Begin * 1000);
        double used = Sum("theft", Known, band => band.Max <= Above((since / 1000) + 8));
        Say($"beside the bitmap: of 70 MB used an aging noticed {used / Mb:F2} MB");
        Assert.InRange(used, 0, (40 * Mb * 1.02) + Own);
    }

    [Fact]
    public void Beside_the_bitmap_nothing_is_aged_and_the_reason_is_said_once()
    {
        string text = Result.Text("bitmap.txt");
        Assert.Contains("measurement=\"generations\",method=\"aging\",reason=\"page_idle\",state=\"unavailable\"", text, StringComparison.Ordinal);
        Assert.Contains("measurement=\"working-set\",method=\"page_idle\",reason=\"ok\",state=\"on\"", text, StringComparison.Ordinal);
        Assert.Equal(0, new MemSnoop.Testing.Scrape(text).Value("memsnoop_cgroup_agings_total"));
        Assert.Single(Regex.Matches(Result.Text("bitmap-log.txt"), "control groups are not aged: the method page_idle takes the same accessed bits"));
    }

    [Fact]
    public void Agings_are_counted_with_their_time_and_none_fails()
    {
        MemSnoop.Testing.Scrape metrics = new(Result.Text("settled-again.txt"));
        double agings = metrics.Value("memsnoop_cgroup_agings_total");
        double seconds = metrics.Value("memsnoop_cgroup_aging_time_seconds_total");
        Say($"{agings} agings in {seconds:F3} s, {seconds / agings * 1000:F2} ms each");
        Assert.True(agings > 20 && seconds > 0);
        Assert.DoesNotContain(metrics.Of("memsnoop_cgroup_agings_failed_total"), static sample => sample.Label("reason") != "gone");
        Assert.Contains("measurement=\"generations\",method=\"aging\",reason=\"ok\",state=\"on\"", metrics.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_waits_for_the_accessed_bits_is_told_who_has_them()
    {
        const string Holder = @"process [0-9]+ \(memsnoop serve, aging generations, since [^)]*\) takes accessed bits and holds the lock of .*bitmap";
        Assert.Matches("^memsnoop: waiting: " + Holder, Result.Text("wss.err"));
        Assert.Equal("", Result.Text("wss.txt"));
        Assert.Matches("^memsnoop: --method: " + Holder, Result.Text("second.txt"));
        Assert.Equal("2", Result.Text("second-status.txt"));
        JsonElement finding = Finding("waits", "working-set by page_idle");
        Assert.Equal("in_use", finding.GetProperty("reason").GetString());
        Assert.Matches(Holder, finding.GetProperty("detail").GetString()!);
    }

    /// <summary>Reclaim finds idle memory in the oldest generation, so what is used stays, and it looks at less.</summary>
    [Fact]
    public void Reclaim_takes_idle_memory_of_a_group_that_was_aged()
    {
        foreach (string name in (string[])["plain", "spared"])
        {
            (double from, double to) = At(name);
            Say($"{name}: {to - from} ms; {string.Join(", ", ((string[])["pgscan", "pgsteal", "pgmajfault", "workingset_refault_anon", "workingset_activate_anon"]).Select(field => $"{field} {Rise(name, field)}"))}");
        }

        Assert.InRange(Rise("spared", "pgsteal") * 4096, 38 * Mb, 60 * Mb);
        Assert.InRange(Rise("spared", "workingset_refault_anon") * 4096, 0, Mb);
        Assert.InRange(Rise("spared", "pgscan"), 0, Rise("plain", "pgscan") * 1.1);
    }

    /// <summary>
    /// What is used all the time is not among what is said to have been idle for longer than the interval, as far as it is resident. What is idle can look used, since
    /// reclaim moves it too.
    /// </summary>
    [Theory]
    [MemberData(nameof(Numbers))]
    public void At_the_limit_of_a_group_what_is_used_is_not_said_to_be_idle(int number)
    {
        string step = $"limited-{number}";
        double idle = Sum(step, "/limited", static band => band.Min > 4);
        double held = Sum(step, "/limited", static _ => true);

        // The 12 MB that it leaves alone are the first to go to swap. Swap goes in and out between the scrape and the next file.
        double used = Math.Min(48 * Mb, (Number(Result.Text($"{step}-hot.txt")) * 1024) - Own);
        Say($"{step}: idle {idle / Mb:F1} of {held / Mb:F1} MB, used {used / Mb:F1}: {string.Join(' ', Bands(step, "/limited").Where(static band => band.Type == "anon").OrderBy(static band => band.Max).Select(static band => $"{band.Min}-{band.Max}:{band.Bytes / Mb:F1}"))}");
        Assert.InRange(idle, 0, held - (used * 0.98) + (4 * Mb));
        AssertWhole(step, "/limited", 15 * Mb);
    }

    [Fact]
    public void The_group_was_at_its_limit_and_the_kernel_aged_it_too()
    {
        Assert.Matches("(?m)^max [1-9]", Result.Text("limited-events.txt"));
        Assert.True(Rise("limited", "pgscan", "quiet-stat", "limited-12-stat") > 1000);
    }

    [Fact]
    public void On_a_host_without_the_bitmap_auto_leaves_the_bits_to_aging()
    {
        string text = Result.Text("only.txt");
        Assert.Contains("measurement=\"working-set\",method=\"referenced\",reason=\"aging\",state=\"unavailable\"", text, StringComparison.Ordinal);
        Assert.Contains("measurement=\"generations\",method=\"aging\",reason=\"ok\",state=\"on\"", text, StringComparison.Ordinal);
        Assert.Contains("memsnoop_cgroup_generation_bytes{", text, StringComparison.Ordinal);
        Assert.DoesNotContain("memsnoop_process_working_set_bytes", text, StringComparison.Ordinal);
        Assert.Contains("memsnoop_process_memory_resident_bytes", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_says_so_too()
    {
        Assert.Equal("0", Result.Text("only-status.txt"));
        Assert.Equal("aging", JsonElement.Parse(Result.Text("only.json")).GetProperty("method").GetString());
        Assert.Equal("ok", Finding("only", "generations by aging").GetProperty("reason").GetString());
        Assert.Equal("aging", Finding("only", "working-set by referenced").GetProperty("reason").GetString());
        Assert.Equal("no_kernel_option", Finding("only", "working-set by page_idle").GetProperty("reason").GetString());
    }

    [Fact]
    public void Aging_and_a_method_by_name_are_refused()
    {
        Assert.Equal("2", Result.Text("both-status.txt"));
        Assert.Equal(
            "memsnoop: --age-generations: the method referenced takes the same accessed bits; expected --method auto, or --no-collector.working-set as well", Result.Text("both.txt"));
    }

    private readonly record struct Band(string Type, double Min, double Max, double Bytes);

    private void Say(string text)
    {
        output.WriteLine(text);
        TestContext.Current.SendDiagnosticMessage(text);
    }

    private IReadOnlyList<Band> Bands(string step, string group) =>
    [
        .. from Match match in Series().Matches(Result.Text($"{step}.txt"))
           where match.Groups["cgroup"].Value == @group
           select new Band(
               match.Groups["type"].Value, Number(match.Groups["min"].Value), match.Groups["max"].Value == "+Inf" ? double.PositiveInfinity : Number(match.Groups["max"].Value),
               Number(match.Groups["bytes"].Value)),
    ];

    /// <summary>Anonymous memory in the bands that are chosen.</summary>
    private double Sum(string step, string group, Func<Band, bool> choose) =>
        Bands(step, group).Where(band => band.Type == "anon" && choose(band)).Sum(static band => band.Bytes);

    private static double Above(double seconds) => Ages.FirstOrDefault(age => age >= seconds, double.PositiveInfinity);

    /// <summary>All memory is in one band: within 2 % of the group's lists.</summary>
    private void AssertWhole(string step, string group, double slack)
    {
        double lists = Field($"{step}-stat", "active_anon") + Field($"{step}-stat", "inactive_anon");
        Assert.InRange(Sum(step, group, static _ => true), (lists * 0.98) - slack, (lists * 1.02) + slack);
    }

    private double Rise(string name, string field, string? before = null, string? after = null) =>
        Field(after ?? $"{name}-after", field) - Field(before ?? $"{name}-before", field);

    private double Field(string file, string name) =>
        Number(Result.Text($"{file}.txt").Split('\n').Single(line => line.StartsWith(name + " ", StringComparison.Ordinal)).Split(' ')[1]);

    private (double From, double To) At(string step)
    {
        JsonElement line = Result.Lines("steps.json").Single(line => line.GetProperty("what").GetString() == step);
        return (line.GetProperty("from_ms").GetDouble(), line.GetProperty("to_ms").GetDouble());
    }

    private JsonElement Finding(string file, string topic) => JsonElement.Parse(Result.Text($"{file}.json")).GetProperty("findings").EnumerateArray()
        .Single(finding => finding.GetProperty("topic").GetString() == topic);

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex("""(?m)^memsnoop_cgroup_generation_bytes\{age_max="(?<max>[^"]*)",age_min="(?<min>[^"]*)",cgroup="(?<cgroup>[^"]*)",type="(?<type>[^"]*)"\} (?<bytes>.*)$""")]
    private static partial Regex Series();
}
