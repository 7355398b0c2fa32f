using MemSnoop.Kernel;
using MemSnoop.Locks;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.Damon;

namespace MemSnoop.Tests.WorkingSets.Damon;

/// <summary>Whether DAMON can be used, and whose kdamonds are touched: nobody's but ours.</summary>
public sealed class DamonSupportTests : IDisposable
{
    private readonly DamonTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void On_a_kernel_that_has_it_it_works_and_the_probe_leaves_nothing()
    {
        ProbeResult probe = DamonSupport.Probe(_tree.Paths);
        Assert.True(probe.IsSupported, probe.Explanation);
        Assert.Contains("samples", probe.Explanation);
        Assert.Equal(("0", "off"), (_tree["nr_kdamonds"], _tree["0/state"]));
    }

    [Fact]
    public void A_kernel_without_it_is_told_apart_from_a_sysfs_that_is_masked()
    {
        _tree.RemoveDamon();
        Assert.Equal("hidden", Reason());
        _tree.Write("sys/kernel/mm/numa/demotion_enabled", "false\n");
        Assert.Equal("no_kernel_option", Reason());
    }

    [Fact]
    public void An_old_kernel_is_told()
    {
        _tree.Remove("0/contexts/0/schemes/0/apply_interval_us");
        Assert.Equal("old_kernel", Reason());
    }

    [Fact]
    public void A_kernel_without_virtual_addresses_is_told()
    {
        _tree.Remove("0/contexts/0/operations");
        Assert.Equal("no_kernel_option", Reason());
    }

    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    public void A_strangers_kdamond_is_a_reason_and_is_not_touched(string count)
    {
        _tree.Set("nr_kdamonds", $"{count}\n");
        string before = _tree.All();
        Assert.Equal("others_kdamond", Reason());
        Assert.False(Kdamond.RemoveLeft(_tree.Paths));
        Assert.Null(Kdamond.TryMake(_tree.Paths));
        Assert.Throws<IOException>(() => WorkingSetMethods.Create("damon", _tree.Paths, new EstimatorOptions(), TimeProvider.System));
        Assert.Equal(before, _tree.All());
    }

    [Fact]
    public void The_kernels_own_user_is_named()
    {
        _tree.Write("sys/module/damon_stat/parameters/enabled", "Y\n");
        ProbeResult probe = DamonSupport.Probe(_tree.Paths);
        Assert.Equal("kernel_user", probe.Reason);
        Assert.Contains("damon_stat", probe.Explanation);
        Assert.Contains("damon_stat/parameters/enabled", probe.Advice);
        _tree.Write("sys/module/damon_stat/parameters/enabled", "N\n");
        Assert.Equal("ok", Reason());
    }

    [Fact]
    public void Another_program_that_measures_is_named_and_has_its_kdamond()
    {
        using IWorkingSetEstimator estimator = WorkingSetMethods.Create("damon", _tree.Paths, new EstimatorOptions(), TimeProvider.System);
        string before = _tree.All();
        Assert.Equal(ProbeResult.InUse, Reason());
        Assert.Throws<MeasuringLockHeldException>(() => WorkingSetMethods.Create("damon", _tree.Paths, new EstimatorOptions(), TimeProvider.System));
        Assert.Equal(before, _tree.All());
    }

    [Fact]
    public void At_its_end_an_estimator_leaves_nothing()
    {
        using (IWorkingSetEstimator estimator = WorkingSetMethods.Create("damon", _tree.Paths, new EstimatorOptions(), TimeProvider.System))
        {
            Assert.Equal("damon", estimator.Method);
            Assert.Equal("1", _tree["nr_kdamonds"]);
        }

        Assert.Equal("0", _tree["nr_kdamonds"]);
    }

    [Fact]
    public void What_a_killed_exporter_has_left_is_ours_and_is_removed()
    {
        Leave();
        Assert.Equal(KdamondOwner.MemSnoop, Kdamond.FindOwner(_tree.Paths));
        Assert.True(Kdamond.RemoveLeft(_tree.Paths));
        Assert.Equal(("0", "off"), (_tree["nr_kdamonds"], _tree["0/state"]));
        Assert.Equal(KdamondOwner.Nobody, Kdamond.FindOwner(_tree.Paths));
    }

    [Fact]
    public void What_a_killed_exporter_has_left_is_nobodys_who_asks_or_measures()
    {
        Leave();
        Assert.Equal("ok", Reason());
        Assert.Equal(KdamondOwner.Nobody, Kdamond.FindOwner(_tree.Paths));
        Leave();
        using IWorkingSetEstimator estimator = WorkingSetMethods.Create("damon", _tree.Paths, new EstimatorOptions(), TimeProvider.System);
        Assert.Equal("7777216000021", _tree["0/contexts/0/monitoring_attrs/intervals/update_us"]);
    }

    [Fact]
    public void Who_lives_keeps_its_kdamond_even_from_programs_with_another_run_directory()
    {
        using IWorkingSetEstimator estimator = WorkingSetMethods.Create("damon", _tree.Paths, new EstimatorOptions(), TimeProvider.System);
        KernelPaths elsewhere = _tree.Paths with { RunDirectory = _tree.Paths.RunDirectory + "2" };
        string before = _tree.All();
        Assert.False(Kdamond.RemoveLeft(elsewhere));
        Assert.Equal("failed", DamonSupport.Probe(elsewhere).Reason);
        Assert.Throws<IOException>(() => WorkingSetMethods.Create("damon", elsewhere, new EstimatorOptions(), TimeProvider.System));
        Assert.Equal(before, _tree.All());
    }

    [Fact]
    public void A_kdamond_that_was_replaced_by_a_strangers_is_left_alone()
    {
        using Kdamond? ours = Kdamond.TryMake(_tree.Paths);
        Assert.True(ours!.IsStillThere());
        _tree.SetContext("monitoring_attrs/intervals/update_us", "1000000\n");
        Assert.False(ours.IsStillThere());
        string before = _tree.All();
        ours.Dispose();
        Assert.Equal(before, _tree.All());
    }

    private void Leave()
    {
        _tree.Set("nr_kdamonds", "1\n");
        _tree.Set("0/state", "on\n");
        _tree.SetContext("monitoring_attrs/intervals/update_us", $"{Kdamond.Signature}\n");
    }

    private string Reason() => DamonSupport.Probe(_tree.Paths).Reason;
}
