using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Exporter.Tests.Sampling;

/// <summary>The share of memory follows the cost, and the cost keeps to the budget.</summary>
public sealed class CpuBudgetTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(60);

    private TimeSpan _readings;
    private TimeSpan _perReading = TimeSpan.Zero;
    private double _last;

    /// <summary>Seconds that a pass takes in any case, and seconds for all memory beside that.</summary>
    [Theory]
    [InlineData(0.01, 0.0, 0.3)]
    [InlineData(0.01, 0.05, 0.5)]
    public void Where_all_memory_fits_it_is_measured(double limit, double fixedCost, double whole)
    {
        double[] shares = Run(limit, fixedCost, whole, 60).Shares;
        Assert.Equal(1, shares[^1]);
    }

    [Theory]
    [InlineData(0.01, 0.0, 10)]
    [InlineData(0.01, 0.2, 10)]
    [InlineData(0.02, 0.1, 300)]
    [InlineData(0.001, 0.01, 1)]
    public void Where_it_does_not_fit_the_budget_is_used_and_kept_within_a_tenth(double limit, double fixedCost, double whole)
    {
        (double[] shares, double[] used) = Run(limit, fixedCost, whole, 100);
        Assert.InRange(shares[^1], 1e-5, 0.999);
        Assert.All(used.Skip(45), cores => Assert.InRange(cores, limit * 0.85, limit * 1.1));

        // It settles: a share that changes costs ages.
        Assert.InRange(shares.Skip(60).Distinct().Count(), 1, 3);
    }

    [Fact]
    public void The_first_minute_costs_no_more_than_another()
    {
        (double[] shares, _) = Run(0.01, 0, 10, 8);

        // Six passes within the first interval.
        Assert.InRange(shares.Take(6).Sum(share => share * 10), 0, 0.01 * 60 * 1.2);
    }

    [Fact]
    public void What_readings_take_is_not_there_for_passes()
    {
        _perReading = TimeSpan.FromSeconds(0.3);
        double[] with = Run(0.01, 0, 10, 70).Shares;
        _perReading = TimeSpan.Zero;
        double[] without = Run(0.01, 0, 10, 70).Shares;
        Assert.InRange(with[^1] / without[^1], 0.4, 0.6);
    }

    [Fact]
    public void A_budget_below_what_any_pass_takes_leaves_nothing_and_says_what_it_would_take()
    {
        CpuBudget budget = new(0.001, Interval, () => _readings);
        double share = 0;
        for (int pass = 0; pass < 40; pass++)
        {
            share = Pass(budget, pass, 0.5, 10);
        }

        Assert.Equal(0, share);
        Assert.InRange(budget.Least, 0.5 / 60, 0.51 / 60);

        // Processes end: later it is tried again, and then there is time.
        for (int pass = 40; pass < 120; pass++)
        {
            share = Pass(budget, pass, 0.001, 0.01);
        }

        Assert.Equal(1, share);
        Assert.True(double.IsNaN(budget.Least));
    }

    [Fact]
    public void It_shrinks_at_once_when_a_pass_takes_more()
    {
        CpuBudget budget = new(0.01, Interval, () => _readings);
        double share = 0;
        for (int pass = 0; pass < 30; pass++)
        {
            share = Pass(budget, pass, 0, 5);
        }

        Pass(budget, 30, 0, 50);
        Assert.InRange(budget.Next(1, isSteady: true) * 50, 0, 0.6 * 1.1);
        Assert.InRange(share * 5, 0.5, 0.61);
    }

    /// <summary>What was watched before a restart is watched after it: another share would lose ages.</summary>
    [Fact]
    public void After_a_restart_it_goes_on_with_the_share_of_before()
    {
        double share = Run(0.01, 0, 10, 60).Shares[^1];
        CpuBudget next = new(0.01, Interval, () => _readings);
        next.GoOnWith(share);
        for (int pass = 0; pass < 20; pass++)
        {
            Assert.Equal(share, next.Next(1_000_000, isSteady: true));
            next.EndPass(TimeSpan.FromSeconds(10 * share), pass == 0 ? null : Interval, isSteady: true);
        }

        // If passes take more by now, it shrinks as ever.
        next.EndPass(TimeSpan.FromSeconds(20 * share), Interval, isSteady: true);
        Assert.InRange(next.Next(1_000_000, isSteady: true), share * 0.4, share * 0.6);
    }

    private (double[] Shares, double[] Used) Run(double limit, double fixedCost, double whole, int passes)
    {
        CpuBudget budget = new(limit, Interval, () => _readings);
        double[] shares = new double[passes];
        double[] used = new double[passes];
        Random random = new(3);
        for (int pass = 0; pass < passes; pass++)
        {
            // Passes do not cost the same each time.
            double noise = 0.97 + (0.06 * random.NextDouble());
            shares[pass] = Pass(budget, pass, fixedCost * noise, whole * noise);
            used[pass] = budget.Used;
        }

        return (shares, used);
    }

    private double Pass(CpuBudget budget, int pass, double fixedCost, double whole)
    {
        // After 2, 6, 14, 30 and 60 seconds.
        bool isSteady = pass > 6;
        double share = budget.Next((long)(whole / 4e-7), isSteady);
        TimeSpan since = isSteady ? Interval : Interval / 6;
        _readings += _perReading * (since / Interval);

        // What comes into the share costs more in its first pass.
        double entering = pass == 0 ? 0 : Math.Max(0, share - _last) * 1.2;
        _last = share;
        budget.EndPass(TimeSpan.FromSeconds(share == 0 ? 0 : fixedCost + (whole * (share + entering))), pass == 0 ? null : since, isSteady);
        return share;
    }
}
