using MemSnoop.Disturbances;

namespace MemSnoop.Tests.Disturbances;

public sealed class DamonWatchTests : IDisposable
{
    private const string Threads = "sys/kernel/mm/damon/admin/kdamonds";

    private readonly DisturbedHost _host = new();

    [Fact]
    public void A_thread_that_is_on_disturbs_everything()
    {
        SetThread("off");
        Assert.True(Compare(static () => { }).IsQuiet);
        SetThread("on");
        Assert.Equal(new HiddenPages(HiddenPages.Unbounded, HiddenPages.Unbounded, Disturbance.Damon), Compare(static () => { }).Everywhere);
    }

    [Theory]
    [InlineData("damon_stat")]
    [InlineData("damon_reclaim")]
    [InlineData("damon_lru_sort")]
    public void So_does_a_user_within_the_kernel(string module)
    {
        string enabled = $"sys/module/{module}/parameters/enabled";
        _host.Write(enabled, "N\n");
        Assert.True(Compare(static () => { }).IsQuiet);
        Assert.Equal("", DamonWatch.UsersOn(_host.Paths));
        _host.Write(enabled, "Y\n");
        Assert.Equal(Disturbance.Damon, Compare(static () => { }).Everywhere.Reason);
        Assert.Equal(module, DamonWatch.UsersOn(_host.Paths));
    }

    [Fact]
    public void A_run_within_the_window_is_seen_by_the_writing()
    {
        SetThread("off");
        DisturbanceReport report = Compare(() =>
        {
            SetThread("on");
            SetThread("off");
        });
        Assert.Equal(Disturbance.Damon, report.Everywhere.Reason);
    }

    [Fact]
    public void A_thread_that_is_set_up_later_is_watched()
    {
        _host.Write($"{Threads}/nr_kdamonds", "0\n");
        using HostDisturbances watch = _host.Watch();
        watch.Now().Dispose();
        SetThread("off");
        using IDisturbanceMoment start = watch.Now();
        using IDisturbanceMoment quiet = watch.Now();
        Assert.True(watch.Compare(start, quiet).IsQuiet);
        SetThread("on");
        using IDisturbanceMoment end = watch.Now();
        Assert.Equal(Disturbance.Damon, watch.Compare(quiet, end).Everywhere.Reason);
    }

    private void SetThread(string state)
    {
        _host.Write($"{Threads}/0/state", state + "\n");
        _host.Write($"{Threads}/nr_kdamonds", "1\n");
    }

    private DisturbanceReport Compare(Action within)
    {
        using HostDisturbances watch = _host.Watch();
        using IDisturbanceMoment start = watch.Now();
        within();
        using IDisturbanceMoment end = watch.Now();
        return watch.Compare(start, end);
    }

    public void Dispose() => _host.Dispose();
}
