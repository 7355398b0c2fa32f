using MemSnoop.Disturbances;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.Damon;
using MemSnoop.WorkingSets.Referenced;

namespace MemSnoop.Tests.WorkingSets.Damon;

/// <summary>Windows that others divide, and those that nobody does.</summary>
public sealed class PartialWindowTests
{
    private const ulong Mb = 1 << 20;
    private static readonly IdleAges Ages = new([TimeSpan.Zero, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(20)]);
    private readonly YoungProcess _process = new(new ProcessIdentity(1, 1));

    [Fact]
    public void A_window_between_two_walks_is_whole()
    {
        Walk(0, 100, 100);
        PartialWindow window = Begin(0);
        _process.Open(window);
        Walk(10, 100, 40);
        WorkingSetSample sample = Report(window, 10);
        Assert.Equal((Disturbance.None, 40 * Mb, TimeSpan.FromSeconds(10)), (sample.Disturbance, sample.AnonBytes, sample.Window));
        Assert.Null(sample.Error);
        Assert.Equal((2, 60 * Mb), (sample.KnownAges, sample.Idle[1]));
    }

    [Fact]
    public void A_window_that_was_divided_has_bounds_that_hold_the_truth()
    {
        Walk(0, 100, 100);
        PartialWindow window = Begin(0);
        _process.Open(window);
        Walk(4, 100, 40);
        PartialWindow inner = Begin(4);
        _process.Open(inner);
        Walk(10, 100, 30);
        WorkingSetSample sample = Report(window, 10);
        Assert.Equal((Disturbance.Divided, 40 * Mb, 70 * Mb), (sample.Disturbance, sample.TotalBytes, sample.UpperTotalBytes));
        WorkingSetSample whole = Report(inner, 10);
        Assert.Equal((Disturbance.None, 30 * Mb), (whole.Disturbance, whole.TotalBytes));
        _process.Close(inner);
        _process.Close(window);
        Assert.False(_process.HasOpenWindows);
    }

    [Fact]
    public void No_more_can_have_been_used_than_is_there_at_the_end()
    {
        Walk(0, 100, 100);
        PartialWindow window = Begin(0);
        _process.Open(window);
        Walk(4, 100, 90);
        Walk(10, 50, 45);
        WorkingSetSample sample = Report(window, 10);
        Assert.Equal((50 * Mb, 50 * Mb), (sample.TotalBytes, sample.UpperTotalBytes));
    }

    [Fact]
    public void What_is_disturbed_is_a_bracket()
    {
        Walk(0, 100, 100);
        PartialWindow window = Begin(0);
        _process.Open(window);
        Walk(10, 100, 40);
        DisturbanceReport report = new() { CollapsedPages = 512 };
        report.AddEverywhere(new HiddenPages(1000, 0, Disturbance.Aged));
        WorkingSetSample sample = _process.Report(window, TimeSpan.FromSeconds(10), TimeSpan.Zero, report, 0, Ages);
        Assert.Equal((Disturbance.Aged, 38 * Mb, (40 * Mb) + (1000 * 4096)), (sample.Disturbance, sample.TotalBytes, sample.UpperTotalBytes));
    }

    private static PartialWindow Begin(double seconds)
    {
        PartialWindow window = new();
        window.Begin(TimeSpan.FromSeconds(seconds), TimeSpan.Zero, new SharedMoment(NoDisturbances.Instance), null);
        return window;
    }

    private void Walk(double seconds, ulong residentMb, ulong usedMb) =>
        _process.Walked(new PerKind { Anon = residentMb * Mb }, new PerKind { Anon = usedMb * Mb }, TimeSpan.FromSeconds(seconds));

    private WorkingSetSample Report(PartialWindow window, double seconds) =>
        _process.Report(window, TimeSpan.FromSeconds(seconds), TimeSpan.Zero, DisturbanceReport.Quiet, 0, Ages);
}
