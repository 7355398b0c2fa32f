using MemSnoop.Paging;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.Shares;

namespace MemSnoop.Tests.WorkingSets.Shares;

/// <summary>
/// Intervals of 95 % hold the truth 95 times of a hundred, whatever is used together. The frames are simulated; the choice of units and the estimate are those of the passes.
/// </summary>
public sealed class CoverageTests
{
    private const int Runs = 1000;
    private const int UnitPages = 512;

    /// <summary>How accesses lie in memory: for each unit, its resident pages and those of them that are used.</summary>
    public static TheoryData<string, double> Populations => new()
    {
        { "huge pages", 0.12 },
        { "huge pages", 0.03 },
        { "areas", 0.12 },
        { "zipf", 0.12 },
        { "zipf", 0.03 },
        { "scattered", 0.12 },
        { "holes", 0.12 },
        { "small", 0.25 },
    };

    [Theory]
    [MemberData(nameof(Populations))]
    public void The_interval_holds_the_truth_as_often_as_it_says(string population, double fraction)
    {
        (int Resident, int Used)[] units = Populate(population, new Random(17));
        long resident = units.Sum(static unit => (long)unit.Resident);
        long used = units.Sum(static unit => (long)unit.Used);
        UnitSample sample = new();
        int held = 0;
        double mean = 0;
        for (int run = 0; run < Runs; run++)
        {
            (double estimate, ulong error) = Estimate(sample, units, fraction, resident, (ulong)run);
            held += Math.Abs(estimate - used) <= error ? 1 : 0;
            mean += estimate / Runs;
        }

        TestContext.Current.SendDiagnosticMessage($"{population} {fraction}: {held / (double)Runs:P1} of {Runs}, off by {(mean - used) / resident:P2} on average");
        Assert.InRange(held / (double)Runs, 0.935, 0.965);

        // Right on average as well: within three standard errors of the mean, which the error of one run bounds.
        Assert.InRange((mean - used) / resident, -0.002, 0.002);
    }

    [Theory]
    [InlineData("huge pages")]
    [InlineData("areas")]
    [InlineData("zipf")]
    [InlineData("scattered")]
    public void With_2400_units_it_is_off_by_two_percent_of_what_is_resident_at_most(string population)
    {
        (int Resident, int Used)[] units = Populate(population, new Random(18));
        long resident = units.Sum(static unit => (long)unit.Resident);
        UnitSample sample = new();
        for (int run = 0; run < 100; run++)
        {
            (_, ulong error) = Estimate(sample, units, 2500.0 / units.Length, resident, (ulong)run);
            Assert.True(sample.Count < 2400 || error <= 0.0201 * resident, $"{sample.Count} units: {error / (double)resident:P2}");
        }
    }

    /// <summary>The frames of a host of 1 TiB, simulated: 524,288 units, half of them used as a whole. The cost of as many real ones is counted in the lab (BudgetTests).</summary>
    [Fact]
    public void Of_a_tebibyte_2400_units_tell_within_two_percent()
    {
        Random random = new(21);
        (int Resident, int Used)[] units = [.. Enumerable.Range(0, (int)((1L << 40) / (long)MemoryUnit.Bytes)).Select(_ => (UnitPages, random.NextDouble() < 0.5 ? UnitPages : 0))];
        long resident = units.Length * (long)UnitPages;
        long used = units.Sum(static unit => (long)unit.Used);
        UnitSample sample = new();
        int held = 0;
        for (int run = 0; run < 200; run++)
        {
            (double estimate, ulong error) = Estimate(sample, units, 2450.0 / units.Length, resident, (ulong)run);
            Assert.True(sample.Count < 2400 || error <= 0.0201 * resident, $"{sample.Count} units: {error / (double)resident:P2}");
            held += Math.Abs(estimate - used) <= error ? 1 : 0;
        }

        Assert.InRange(held, 180, 199);
    }

    [Fact]
    public void Where_nothing_was_found_to_be_used_a_few_units_may_be()
    {
        (int Resident, int Used)[] units = [.. Enumerable.Repeat((UnitPages, 0), 20_000)];
        UnitSample sample = new();
        (double estimate, ulong error) = Estimate(sample, units, 0.05, 20_000 * UnitPages, 1);
        Assert.Equal(0, estimate);

        // Of n units that were not used, less than 3 of n may be (the rule of three).
        Assert.InRange(error / (20_000.0 * UnitPages), 2.5 / sample.Count, 3.5 / sample.Count);
    }

    [Fact]
    public void All_memory_leaves_nothing_open()
    {
        (int Resident, int Used)[] units = Populate("zipf", new Random(19));
        UnitSample sample = new();
        (double estimate, ulong error) = Estimate(sample, units, 1, units.Sum(static unit => (long)unit.Resident), 1);
        Assert.Equal(units.Sum(static unit => (long)unit.Used), estimate, 1e-3);
        Assert.Equal(0UL, error);
    }

    [Fact]
    public void Too_few_units_tell_nothing()
    {
        UnitSample sample = new();
        sample.Clear();
        for (ulong unit = 0; unit < UnitSample.LeastUnits - 1; unit++)
        {
            sample.Add(Pages(unit, 100, 50));
            sample.Add(Pages(unit, 100, 50));
        }

        Assert.False(sample.TryWeigh(0.1, 10_000));
    }

    [Fact]
    public void Processes_that_share_units_may_be_off_in_the_same_direction()
    {
        // Ten processes with the same memory at the same addresses: what one of them tells is no news about the others.
        (int Resident, int Used)[] units = Populate("huge pages", new Random(20));
        long resident = units.Sum(static unit => (long)unit.Resident);
        UnitSample sample = new();
        GroupError group = new();
        for (int process = 0; process < 10; process++)
        {
            Estimate(sample, units, 0.05, resident, 7);
            sample.AddTo(group);
        }

        ulong one = sample.ErrorOf(1).TotalBytes;
        Assert.InRange(group.ToError(1).TotalBytes / (double)one, 9, 10.1);
    }

    private static (double Estimate, ulong Error) Estimate(UnitSample sample, (int Resident, int Used)[] units, double fraction, long resident, ulong salt)
    {
        MemoryShare share = MemoryShare.Of(fraction, salt * 0x2545F4914F6CDD1D);
        sample.Clear();
        long used = 0;
        for (int unit = 0; unit < units.Length; unit++)
        {
            if (share.Has((ulong)unit + 0x7f0000))
            {
                sample.Add(Pages((ulong)unit, units[unit].Resident, units[unit].Used));
                used += units[unit].Used;
            }
        }

        Assert.True(sample.TryWeigh(share.Fraction, resident));
        return (used * sample.Weight, sample.ErrorOf(1).TotalBytes);
    }

    private static UnitPages Pages(ulong unit, int resident, int used) => new(unit, resident, new KindPages(used, 0, 0), new KindPages(used, 0, 0));

    private static (int Resident, int Used)[] Populate(string population, Random random)
    {
        (int, int)[] units = new (int, int)[population == "small" ? 400 : 20_000];
        double[] weights = [.. Enumerable.Range(1, units.Length).Select(static rank => 1 / Math.Pow(rank, 0.8))];
        random.Shuffle(weights);
        bool isHot = false;
        for (int unit = 0; unit < units.Length; unit++)
        {
            isHot = unit % 100 == 0 ? random.NextDouble() < 0.5 : isHot;
            units[unit] = population switch
            {
                // As a whole or not at all: nothing can be more clustered.
                "huge pages" => (UnitPages, random.NextDouble() < 0.4 ? UnitPages : 0),

                // Areas of 200 MB, hot or cold, each with a bit of the other.
                "areas" => (UnitPages, (isHot ? 0.95 : 0.02) * UnitPages is var pages ? (int)pages : 0),

                // A few units have most of the accesses.
                "zipf" => (UnitPages, (int)Math.Min(UnitPages, Math.Round(weights[unit] * 40_000))),

                // Each page for itself.
                "scattered" => (UnitPages, Enumerable.Range(0, UnitPages).Count(_ => random.NextDouble() < 0.3)),

                // Units are resident to different degrees, and the emptier ones are the colder ones.
                _ => random.Next(1, UnitPages + 1) is var resident && random.NextDouble() < resident / (double)UnitPages ? (resident, resident) : (resident, 0),
            };
        }

        return units;
    }
}
