using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>A pass takes time, and so the border between two windows has a width: what a process does meanwhile is in one of the two.</summary>
public sealed class WindowEdgeTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeHost _host = new();
    private readonly PageIdleEstimator _estimator;
    private readonly Passes _passes;

    public WindowEdgeTests()
    {
        _estimator = _host.Estimator(new EstimatorOptions());
        _passes = new Passes(_estimator);
        Pass();
    }

    [Fact]
    public void A_page_that_is_mapped_between_the_walk_and_the_marks_is_in_the_window_that_begins_with_the_marks()
    {
        FakeProcess first = _host.Fill(_host.Start(), 100);
        FakeProcess second = _host.Fill(_host.Start(), 100);
        _host.AskedForLife = pid =>
        {
            if (pid == second.Pid)
            {
                _host.Clock.Advance(2 * Second);
                _host.Fill(first, 30);
                _host.Write();
            }
        };
        Pass();
        _host.AskedForLife = null;

        Pass();
        WorkingSetSample sample = _passes.Completed(first.Tracked);
        Assert.Equal((60 * Second, 30UL * FakeArea.PageBytes), (sample.Window, sample.TotalBytes));

        Pass();
        Assert.Equal(0UL, _passes.Completed(first.Tracked).TotalBytes);
    }

    public void Dispose()
    {
        _estimator.Dispose();
        _host.Dispose();
    }

    private void Pass()
    {
        _host.Clock.Advance(60 * Second);
        _host.Write();
        _passes.Run([.. _host.Processes.Select(static process => process.Tracked)]);
    }
}
