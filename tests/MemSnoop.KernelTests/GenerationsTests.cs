using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace MemSnoop.KernelTests;

/// <summary>Memory of a control group by the age of its generations, while somebody else ages it.</summary>
public sealed partial class GenerationsTests(TruthBoot boot) : IClassFixture<TruthBoot>
{
    private const double Mb = WorkingSetTruth.Mb;
    private const string Group = "/known group";

    /// <summary>What the workload's program and libraries may hold beside its blocks.</summary>
    private const double Own = 1 * Mb;

    private ScenarioResult Result => boot["generations"];

    /// <summary>Within 2 % of what the kernel says in another file: the lists of the group.</summary>
    [Theory]
    [InlineData("before")]
    [InlineData("once")]
    [InlineData("twice")]
    [InlineData("thrice")]
    [InlineData("no-swap")]
    [InlineData("on")]
    public void All_memory_of_the_group_is_in_one_band(string step)
    {
        Assert.InRange(Sum(step, "anon"), (Lists(step, "anon") * 0.98) - (0.2 * Mb), (Lists(step, "anon") * 1.02) + (0.2 * Mb));
        Assert.InRange(Sum(step, "file"), (Lists(step, "file") * 0.98) - (0.2 * Mb), (Lists(step, "file") * 1.02) + (0.2 * Mb));
        Assert.InRange(Sum(step, "anon"), 200 * Mb, (200 * Mb * 1.02) + Own);
        Assert.InRange(Sum(step, "file"), 30 * Mb, (30 * Mb * 1.02) + Own);
    }

    [Theory]
    [InlineData("before", 0)]
    [InlineData("once", 1)]
    [InlineData("twice", 2)]
    [InlineData("thrice", 3)]
    public void No_memory_is_said_to_be_used_later_than_it_was_or_idle_for_longer_than_an_aging_noticed(string step, int agings)
    {
        double mapped = WorkingSetTruth.Time(Result.Lines("known.json")[1]).End * 1000;
        (double from, double to) = At(step);
        IReadOnlyList<Band> bands = Bands(step);

        // 160 MB were not used since they were mapped, and 40 until the second touch at most.
        double young = bands.Where(band => band.Type == "anon" && band.Max * 1000 < from - mapped).Sum(static band => band.Bytes);
        Assert.InRange(young, 0, agings < 2 ? Own : (40 * Mb * 1.02) + Own);

        // What was used before an aging was noticed by it.
        double noticed = agings == 0 ? 0 : to - Result.Lines("steps.json").Where(static line => line.GetProperty("what").GetString() == "age").Take(Math.Min(agings, 2)).Last().GetProperty("from_ms").GetDouble();
        double old = bands.Where(band => band.Type == "anon" && band.Min * 1000 > noticed).Sum(static band => band.Bytes);
        Assert.InRange(old, 0, agings < 2 ? 0 : (160 * Mb * 1.02) + Own);

        // The kernel does not notice that a file is read: it may have been, just now.
        Assert.All(bands.Where(static band => band.Type == "file"), static band => Assert.Equal(0, band.Min));
    }

    [Theory]
    [InlineData("twice")]
    [InlineData("thrice")]
    public void What_was_used_between_two_agings_is_told_from_the_rest_within_2_percent(string step)
    {
        double first = Result.Lines("steps.json").First(static line => line.GetProperty("what").GetString() == "age").GetProperty("to_ms").GetDouble();
        double since = Math.Ceiling((At(step).To - first) / 1000);
        IReadOnlyList<Band> bands = Bands(step);
        double used = bands.Where(band => band.Type == "anon" && band.Max <= Boundary(since)).Sum(static band => band.Bytes);
        double idle = bands.Where(band => band.Type == "anon" && band.Max > Boundary(since)).Sum(static band => band.Bytes);
        Assert.InRange(used, 40 * Mb * 0.98, (40 * Mb * 1.02) + Own);
        Assert.InRange(idle, 160 * Mb * 0.98, (160 * Mb * 1.02) + Own);
    }

    [Fact]
    public void Without_swap_the_ages_of_anonymous_memory_have_no_bounds() =>
        Assert.All(Bands("no-swap").Where(static band => band.Type == "anon"), static band => Assert.Equal((0, double.PositiveInfinity), (band.Min, band.Max)));

    [Fact]
    public void Switched_off_there_is_nothing_but_the_reason()
    {
        Assert.DoesNotContain("memsnoop_cgroup", Result.Text("off.txt"), StringComparison.Ordinal);
        Assert.Contains("memsnoop_measurement_info{measurement=\"generations\",method=\"lru_gen\",reason=\"switched_off\",state=\"unavailable\"} 1", Result.Text("off.txt"), StringComparison.Ordinal);
        Assert.Contains("memsnoop_measurement_info{measurement=\"generations\",method=\"lru_gen\",reason=\"ok\",state=\"on\"} 1", Result.Text("on.txt"), StringComparison.Ordinal);
        Assert.Single(Regex.Matches(Result.Text("exporter.log"), "generations of control groups are not read: the multi-generational LRU is switched off"));
    }

    [Fact]
    public void A_removed_group_has_no_series_and_its_cache_is_counted_above_it()
    {
        Assert.Empty(Bands("gone"));
        Assert.InRange(Bands("gone", "/").Where(static band => band.Type == "file").Sum(static band => band.Bytes), 30 * Mb, 400 * Mb);
    }

    [Fact]
    public void On_a_host_without_a_bitmap_it_stands_beside_the_method_for_processes()
    {
        string text = Result.Text("default.txt");
        Assert.Matches("measurement=\"working-set\",method=\"(damon|referenced)\",reason=\"ok\",state=\"on\"", text);
        Assert.Contains("measurement=\"generations\",method=\"lru_gen\",reason=\"ok\",state=\"on\"", text, StringComparison.Ordinal);
        Assert.Contains("memsnoop_cgroup_generation_bytes{", text, StringComparison.Ordinal);
    }

    private readonly record struct Band(string Type, double Min, double Max, double Bytes);

    private IReadOnlyList<Band> Bands(string step, string group = Group) =>
    [
        .. from Match match in Series().Matches(Result.Text($"{step}.txt"))
           where match.Groups["cgroup"].Value == @group
           select new Band(
               match.Groups["type"].Value, Number(match.Groups["min"].Value), match.Groups["max"].Value == "+Inf" ? double.PositiveInfinity : Number(match.Groups["max"].Value),
               Number(match.Groups["bytes"].Value)),
    ];

    private static double Boundary(double seconds) => new double[] { 0, 1, 2, 3, 4, 6, 8, 10, 15, 20, 30, 60, 120, 300 }.First(age => age >= seconds);

    private double Sum(string step, string type) => Bands(step).Where(band => band.Type == type).Sum(static band => band.Bytes);

    private double Lists(string step, string type) => Result.Text($"{step}-stat.txt").Split('\n')
        .Where(line => line.StartsWith($"active_{type} ", StringComparison.Ordinal) || line.StartsWith($"inactive_{type} ", StringComparison.Ordinal))
        .Sum(static line => Number(line.Split(' ')[1]));

    private (double From, double To) At(string step)
    {
        JsonElement line = Result.Lines("steps.json").Single(line => line.GetProperty("what").GetString() == step);
        return (line.GetProperty("from_ms").GetDouble(), line.GetProperty("to_ms").GetDouble());
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex("""(?m)^memsnoop_cgroup_generation_bytes\{age_max="(?<max>[^"]*)",age_min="(?<min>[^"]*)",cgroup="(?<cgroup>[^"]*)",type="(?<type>[^"]*)"\} (?<bytes>.*)$""")]
    private static partial Regex Series();
}
