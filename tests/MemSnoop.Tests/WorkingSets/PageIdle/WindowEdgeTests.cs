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
        _estimator = _host.Estimator(new EstimatorOptions { IdleAges = new IdleAges([TimeSpan.Zero, 60 * Second, 120 * Second]) });
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
        Assert.Equal((60 * Second, Pages(30)), (sample.Window, sample.TotalBytes));

        Pass();
        Assert.Equal(0UL, _passes.Completed(first.Tracked).TotalBytes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_frame_that_changes_hands_between_its_reading_and_the_walk_is_used_by_who_takes_it(bool wasResident)
    {
        // Idle for long, and given back in the middle of a pass; another process gets the frames, in place of pages that it used until then or as new memory.
        FakeProcess giver = _host.Fill(_host.Start(), 50);
        FakeProcess taker = _host.Fill(_host.Start(), 50);
        Pass();
        for (int pass = 0; pass < 3; pass++)
        {
            FakeHost.Touch(taker, 50);
            Pass();
        }

        FakeHost.Touch(taker, 50, from: 0);
        FakeProcess between = _host.Start();
        _host.AskedForLife = _ =>
        {
            FakeArea area = wasResident ? taker.Areas[0] : taker.Map(30, FolioKind.Anon);
            for (int i = 0; i < 30; i++)
            {
                FakeFolio freed = giver.Areas[0].Pages[i].Folio!;
                FakeProcess.Set(giver.Areas[0], i, default);
                _host.Replace(freed, FolioKind.Anon);
                FakeProcess.Set(area, i, new FakePage(_host.FolioAt(freed.First)!, 0));
            }

            _host.Write();
        };
        Pass(giver, between, taker);
        _host.AskedForLife = null;
        WorkingSetSample taken = _passes.Completed(taker.Tracked);
        ulong resident = wasResident ? 50UL : 80;
        Assert.Equal((Pages(resident), Pages(resident), Pages(0)), (taken.ResidentBytes, taken.TotalBytes, taken.Idle[1]));

        // And they are marked: what is not touched after this is idle.
        Pass();
        Assert.Equal((Pages(0), Pages(resident)), (_passes.Completed(taker.Tracked).TotalBytes, _passes.Completed(taker.Tracked).Idle[1]));
    }

    [Fact]
    public void A_frame_that_is_moved_keeps_its_age()
    {
        FakeProcess process = _host.Fill(_host.Start(), 50);
        Pass();
        Pass();
        Pass();
        process.Move(process.Areas[0], 0);
        Pass();
        Assert.Equal((Pages(0), Pages(50)), (_passes.Completed(process.Tracked).TotalBytes, _passes.Completed(process.Tracked).Idle[2]));
    }

    public void Dispose()
    {
        _estimator.Dispose();
        _host.Dispose();
    }

    private void Pass() => Pass([.. _host.Processes]);

    private void Pass(params FakeProcess[] processes)
    {
        _host.Clock.Advance(60 * Second);
        _host.Write();
        _passes.Run([.. processes.Select(static process => process.Tracked)]);
    }

    private static ulong Pages(ulong count) => count * FakeArea.PageBytes;
}
