using System.Globalization;
using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>
/// The limit of a pass: at most a tenth more instructions than a C program takes that makes only the system calls no pass can avoid (<c>bench/floor</c>), the kernel's share included. Few of them
/// are the program's own, so each process, area and page of its walk counts where processes are small.
/// </summary>
public sealed class LimitTests(LimitBoot boot, ITestOutputHelper output) : IClassFixture<LimitBoot>
{
    /// <summary>
    /// 50 processes of 4 MB, 50 that use a fifth of it, and one of 100 GB with 3,000 pages in it, 2,000 of them far apart. Beyond the limit, and held to what was recorded: pages on frames that lie
    /// apart (1.19), where nothing can be taken in runs, and processes of their own code and libraries alone (1.26), where the kernel has least to do.
    /// </summary>
    [Theory]
    [InlineData("idle", 1.10)]
    [InlineData("hot", 1.10)]
    [InlineData("spread", 1.10)]
    [InlineData("apart", 1.30)]
    [InlineData("processes", 1.30)]
    public void A_pass_takes_little_more_than_the_least(string memory, double most)
    {
        PassCost cost = PassCost.Of(boot["limit"], memory);
        output.WriteLine(cost.ToString());
        TestContext.Current.SendDiagnosticMessage(cost.ToString());
        Assert.InRange(cost.Ratio, 0.5, most);
    }

    /// <summary>What a pass takes whatever is watched: the counters of the kernel that tell of disturbances, and what it keeps of each 128 MiB of frames. A million instructions are half a millisecond.</summary>
    [Fact]
    public void A_pass_over_next_to_nothing_takes_less_than_a_million_instructions_more()
    {
        PassCost cost = PassCost.Of(boot["limit"], "few");
        output.WriteLine(cost.ToString());
        TestContext.Current.SendDiagnosticMessage(cost.ToString());
        Assert.InRange(cost.Own - cost.Floor, -1e6, 1e6);
    }
}

/// <summary>A boot of its own: what scenarios before have left makes each pass dearer, and the floor not.</summary>
public sealed class LimitBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["limit"];

    protected override IReadOnlyList<string> Arguments => ["--count-instructions"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(15);
}

/// <summary>10,000 processes; for the long tier.</summary>
public sealed class CrowdBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["calls", "crowd"];

    protected override IReadOnlyList<string> Arguments => ["--count-instructions", "--memory", "7000"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(60);
}

/// <summary>The same for 10,000 processes of 4 MB, and what the single calls of a pass cost: the reasons for how they are made.</summary>
public sealed class CrowdTests(CrowdBoot boot, ITestOutputHelper output) : IClassFixture<CrowdBoot>
{
    private const string Scenario = "limit";

    [LongTier(Scenario)]
    [Fact]
    public void A_pass_over_ten_thousand_processes_takes_at_most_a_tenth_more_than_the_least()
    {
        PassCost cost = PassCost.Of(boot["crowd"], "crowd");
        output.WriteLine(cost.ToString());
        Assert.InRange(cost.Processes, 10_000, 10_001);
        Assert.InRange(cost.Ratio, 0.5, 1.10);
        Measured.Note(Scenario, cost.ToString());
    }

    /// <summary>PAGEMAP_SCAN is a second walk: it saves where little is present, and costs as much as the first where much is.</summary>
    [LongTier(Scenario)]
    [Fact]
    public void To_search_for_present_pages_pays_only_where_few_are()
    {
        double Area(string what, string where) => Instructions("areas.json", what, where);
        Assert.InRange(Area("scan-read-64", "1"), Area("pagemap", "1") * 1.5, double.MaxValue);
        Assert.InRange(Area("scan-read-64", "4096"), 0, Area("pagemap", "4096") / 2);
        Assert.InRange(Area("scan-read-64", "0"), 0, Area("pagemap", "0") / 10);

        // Present ranges that are joined across up to 64 absent pages, and not across more.
        Assert.InRange(Area("scan-read-64", "32"), 0, Area("scan-read-0", "32"));
        Assert.InRange(Area("scan-read-64", "128"), 0, Area("scan-read-128", "128"));
        Measured.Note(Scenario, FormattableString.Invariant($"a present page {Area("pagemap", "1"):F0} instructions in pagemap, searched for before {Area("scan-read-64", "1"):F0}"));
    }

    /// <summary>The kernel looks at all 64 frames of a word, marked or not: frames are sampled in ranges, or each costs as much as sixteen.</summary>
    [LongTier(Scenario)]
    [Fact]
    public void Frames_that_lie_apart_cost_many_times_as_much()
    {
        double Read(string where) => Instructions("frames.json", "read, idle", where);
        Assert.InRange(Read("1 of 64") / Read("64 of 64"), 8, 32);
        Measured.Note(Scenario, FormattableString.Invariant($"an idle frame {Read("64 of 64"):F0} instructions on the bitmap, one alone in its word {Read("1 of 64"):F0}, one of 17 processes {Read("64 of 64, 17 processes"):F0}"));
    }

    private double Instructions(string file, string what, string where) =>
        boot["calls"].Lines(file).Single(line => line.GetProperty("what").GetString() == what && line.GetProperty("where").GetString() == where).GetProperty("ns_per_unit").GetDouble() / 2;
}

/// <summary>What a pass takes, and the C program over the same processes, in instructions.</summary>
internal sealed record PassCost(string Name, double Own, double Floor, int Processes, long Pages, long Frames)
{
    // An instruction of the guest's clock is 2 ns.
    private const double PerSecond = 5e8;

    internal double Ratio => Own / Floor;

    internal static PassCost Of(ScenarioResult result, string name)
    {
        JsonElement[] floor = [.. result.Lines($"{name}-floor.json")];
        JsonElement last = floor[^1];
        return new PassCost(
            name,
            Middle(result.Text($"{name}-passes.txt").Split('\n').Select(static line => double.Parse(line, CultureInfo.InvariantCulture) * PerSecond)),
            Middle(floor.Select(static pass => pass.GetProperty("cpu_us").GetDouble() / 1e6 * PerSecond)),
            last.GetProperty("processes").GetArrayLength(),
            last.GetProperty("pages").GetInt64(),
            last.GetProperty("frames").GetInt64());
    }

    public override string ToString() => FormattableString.Invariant(
        $"{Name}: {Processes} processes, {Pages} pages, {Frames} frames: {Own / 1e6:F2} million instructions a pass, C floor {Floor / 1e6:F2}, ratio {Ratio:F3}");

    private static double Middle(IEnumerable<double> figures)
    {
        double[] ordered = [.. figures.Order()];
        return ordered[ordered.Length / 2];
    }
}
