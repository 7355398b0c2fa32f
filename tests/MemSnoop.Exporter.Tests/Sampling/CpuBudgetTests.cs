using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Exporter.Tests.Sampling;

/// <summary>The share of memory follows the cost, and the cost keeps to the budget.</summary>
public sealed class CpuBudgetTests
{
    private const long LeastPages = 32 * 512;

    // The first share is chosen carefully, and grows in steps.
    private const int Settling = 60;

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
        (double[] shares, double[] used) = Run(limit, fixedCost, whole, 120);
        Assert.InRange(shares[^1], 1e-5, 0.999);
        Assert.All(used.Skip(Settling), cores => Assert.InRange(cores, limit * 0.85, limit * 1.1));

        // It settles: a share that changes costs ages.
        Assert.InRange(shares.Skip(Settling).Distinct().Count(), 1, 3);
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
        CpuBudget budget = new(0.001, Interval, LeastPages, () => _readings);
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

    /// <summary>On a busy host a pass costs now more, now less. The mean keeps to the limit, most of the budget is used, and the share hardly ever changes: ages need it.</summary>
    [Theory]
    [InlineData(0.05, 3)]
    [InlineData(0.1, 6)]
    [InlineData(0.3, 20)]
    public void Passes_that_cost_now_more_now_less_do_not_move_the_share_up_and_down(double deviation, int mostChanges)
    {
        const double Limit = 0.01;
        foreach ((double fixedCost, double whole) in ((double, double)[])[(0, 10), (0.05, 0.5), (0.1, 300)])
        {
            // The product of many small causes: a normal distribution of the logarithm, here by twelve uniform ones.
            Random random = new(7);
            (double[] shares, double[] used) = Run(Limit, fixedCost, whole, 300, () => Math.Exp(deviation * (Enumerable.Range(0, 12).Sum(_ => random.NextDouble()) - 6)));
            double ideal = Math.Min(1, ((Limit * 60) - fixedCost) / whole);
            Assert.InRange(used.Skip(Settling).Average(), Limit * 0.75, Limit * 1.05);
            Assert.InRange(shares.Skip(Settling).Average(), ideal * 0.7, 1);
            Assert.InRange(shares.Skip(Settling).Min(), ideal * (1 - (2.5 * deviation)), 1);
            Assert.InRange(shares.Skip(Settling).Zip(shares.Skip(Settling + 1)).Count(static pair => pair.First != pair.Second), 0, mostChanges);
        }
    }

    [Fact]
    public void A_single_pass_that_takes_more_changes_nothing()
    {
        CpuBudget budget = Settled(out double share);
        for (int pass = Settling; pass < 2 * Settling; pass++)
        {
            Assert.Equal(share, Pass(budget, pass, 0, pass % 12 == 0 ? 50 : 5));
        }
    }

    [Fact]
    public void It_shrinks_when_two_passes_in_a_row_take_clearly_more()
    {
        CpuBudget budget = Settled(out double share);
        Pass(budget, Settling, 0, 50);
        Pass(budget, Settling + 1, 0, 50);
        Assert.InRange(budget.Next(1, isSteady: true) * 50, 0.45, 0.6 * 1.1);
        Assert.InRange(share * 5, 0.5, 0.61);
    }

    /// <summary>What a pass costs in any case is most of the budget: smaller and smaller shares help little, and it does not take an hour to find that out.</summary>
    [Fact]
    public void Steps_down_become_longer_where_they_help_little()
    {
        CpuBudget budget = new(0.01, Interval, LeastPages, () => _readings);
        double[] used = new double[40];
        for (int pass = 0; pass < used.Length; pass++)
        {
            Pass(budget, pass, pass < 20 ? 0.1 : 0.57, 300);
            used[pass] = budget.Used;
        }

        Assert.InRange(used[^1], 0.009, 0.0105);
    }

    /// <summary>A share of fewer units than a sample needs would cost as much, and the next question is not answered by a fraction of nothing.</summary>
    [Fact]
    public void No_share_is_smaller_than_what_a_sample_needs()
    {
        CpuBudget budget = new(0.001, Interval, LeastPages, () => _readings);
        for (int pass = 0; pass < 9; pass++)
        {
            Assert.InRange(Pass(budget, pass, 0.5, 10), (double)LeastPages / 25_000_000, 1);
            Assert.True(double.IsNaN(budget.Whole) || budget.Whole < 20, $"{budget.Whole}");
        }
    }

    /// <summary>What was watched before a restart is watched after it: another share would lose ages.</summary>
    [Fact]
    public void After_a_restart_it_goes_on_with_the_share_of_before()
    {
        double share = Run(0.01, 0, 10, 60).Shares[^1];
        CpuBudget next = new(0.01, Interval, LeastPages, () => _readings);
        next.GoOnWith(share);
        for (int pass = 0; pass < 20; pass++)
        {
            Assert.Equal(share, next.Next(1_000_000, isSteady: true));
            next.EndPass(TimeSpan.FromSeconds(10.4 * share), pass == 0 ? null : Interval, isSteady: true);
        }

        // If passes take more by now, it shrinks as ever.
        next.EndPass(TimeSpan.FromSeconds(20 * share), Interval, isSteady: true);
        next.EndPass(TimeSpan.FromSeconds(20 * share), Interval, isSteady: true);
        Assert.InRange(next.Next(1_000_000, isSteady: true), share * 0.4, share * 0.6);
    }

    private CpuBudget Settled(out double share)
    {
        CpuBudget budget = new(0.01, Interval, LeastPages, () => _readings);
        share = 0;
        for (int pass = 0; pass < Settling; pass++)
        {
            share = Pass(budget, pass, 0, 5);
        }

        return budget;
    }

    private (double[] Shares, double[] Used) Run(double limit, double fixedCost, double whole, int passes, Func<double>? noise = null)
    {
        _last = 0;

        CpuBudget budget = new(limit, Interval, LeastPages, () => _readings);
        double[] shares = new double[passes];
        double[] used = new double[passes];
        Random random = new(3);
        for (int pass = 0; pass < passes; pass++)
        {
            // Passes do not cost the same each time.
            double factor = noise?.Invoke() ?? (0.97 + (0.06 * random.NextDouble()));
            shares[pass] = Pass(budget, pass, fixedCost * factor, whole * factor);
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
