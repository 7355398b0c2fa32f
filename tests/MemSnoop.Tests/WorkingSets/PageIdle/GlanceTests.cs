using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>Looks at new processes in the middle of a window, and windows that somebody asks for: neither changes the windows of the passes.</summary>
public sealed class GlanceTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeHost _host = new();
    private readonly PageIdleEstimator _estimator;
    private readonly Passes _passes;
    private readonly Glances _glances = new();
    private readonly FakeProcess _old;

    public GlanceTests()
    {
        _estimator = _host.Estimator(new EstimatorOptions { IdleAges = new IdleAges([TimeSpan.Zero, 60 * Second, 120 * Second]), GroupOf = static _ => "pod" });
        _passes = new Passes(_estimator);
        _old = _host.Fill(_host.Start(), 200);
        Pass(60);
        Pass(60);
    }

    [Fact]
    public void A_process_that_started_since_the_last_pass_is_told_with_its_life_as_its_window()
    {
        FakeProcess born = _host.Fill(_host.Start(), 100);
        _host.Lives[born.Pid] = 3 * Second;
        WorkingSetSample first = Glance(4, born)!.Value;
        Assert.Equal((3 * Second, Bytes(100), true), (first.Window, first.AnonBytes, first.IsWhole));

        // What it does not use any more goes on counting: the window is its life so far. What it never used does not.
        WorkingSetSample second = Glance(4, born)!.Value;
        Assert.Equal((4 * Second, Bytes(0)), (second.Window, second.AnonBytes));
    }

    [Fact]
    public void What_it_shares_with_its_parent_is_known_from_the_parent()
    {
        FakeProcess born = _host.Start();
        FakeArea area = born.Map(200, FolioKind.Anon);
        for (int i = 0; i < 200; i++)
        {
            FakeProcess.Set(area, i, _old.Areas[0].Pages[i]);
        }

        for (int i = 0; i < 50; i++)
        {
            FakeHost.Touch(_old.Areas[0].Pages[i].Folio!);
        }

        _host.Lives[born.Pid] = 3 * Second;
        WorkingSetSample sample = Glance(4, born)!.Value;
        Assert.Equal((Bytes(50), Bytes(200), true), (sample.AnonBytes, sample.ResidentBytes, sample.IsWhole));

        // The parent's window goes on.
        Pass(56);
        Assert.Equal(Bytes(50), _passes.Completed(_old.Tracked).AnonBytes);
        Assert.Equal(60 * Second, _passes.Completed(_old.Tracked).Window);
        Assert.Equal(Bytes(50), _passes.Completed(born.Tracked).AnonBytes);
    }

    [Fact]
    public void A_process_that_is_older_is_only_marked_at_first()
    {
        FakeProcess late = _host.Fill(_host.Start(), 100);
        Assert.Null(Glance(5, late));
        FakeHost.Touch(late, 30);
        WorkingSetSample sample = Glance(5, late)!.Value;
        Assert.Equal((5 * Second, Bytes(30), Bytes(100)), (sample.Window, sample.AnonBytes, sample.ResidentBytes));

        // Nothing was marked again, so the pass has the window since the first look.
        Pass(50);
        Assert.Equal((55 * Second, Bytes(30)), (_passes.Completed(late.Tracked).Window, _passes.Completed(late.Tracked).AnonBytes));
    }

    [Fact]
    public void A_group_counts_a_member_that_was_born_in_the_window()
    {
        FakeProcess born = _host.Fill(_host.Start(), 100);
        _host.Lives[born.Pid] = 30 * Second;
        FakeHost.Touch(_old, 10);
        Pass(60);
        WorkingSetSample pod = _passes.Groups["pod"];
        Assert.Equal((Bytes(110), Bytes(300), true), (pod.AnonBytes, pod.ResidentBytes, pod.IsWhole));
    }

    [Fact]
    public void Of_a_member_that_is_older_than_its_watching_a_group_says_what_is_not_known()
    {
        _host.Fill(_host.Start(), 100);
        FakeHost.Touch(_old, 10);
        Pass(60);
        WorkingSetSample pod = _passes.Groups["pod"];
        Assert.Equal((Bytes(10), Bytes(110), "unmarked"), (pod.TotalBytes, pod.UpperTotalBytes, MemSnoop.Disturbances.Disturbances.ToReason(pod.Disturbance)));
    }

    [Fact]
    public void A_window_that_somebody_asks_for_leaves_those_of_the_passes_whole()
    {
        FakeHost.Touch(_old, 40);
        using IWorkingSetWindow window = _estimator.BeginWindow(_old.Tracked, out ReadOutcome began)!;
        Assert.Equal(ReadOutcome.Success, began);
        _host.Clock.Advance(5 * Second);
        FakeHost.Touch(_old, 10);
        Assert.Equal(ReadOutcome.Success, window.Complete(out WorkingSetSample asked));
        Assert.Equal((5 * Second, Bytes(10)), (asked.Window, asked.AnonBytes));

        FakeHost.Touch(_old, 5, from: 100);
        Pass(55);
        Assert.Equal((60 * Second, Bytes(45)), (_passes.Completed(_old.Tracked).Window, _passes.Completed(_old.Tracked).AnonBytes));
    }

    [Fact]
    public void A_pass_within_a_window_that_somebody_asked_for_hides_nothing_from_it()
    {
        using IWorkingSetWindow window = _estimator.BeginWindow(_old.Tracked, out _)!;
        FakeHost.Touch(_old, 40);
        Pass(30);
        FakeHost.Touch(_old, 5, from: 100);
        _host.Clock.Advance(30 * Second);
        Assert.Equal(ReadOutcome.Success, window.Complete(out WorkingSetSample asked));
        Assert.Equal((60 * Second, Bytes(45)), (asked.Window, asked.AnonBytes));
    }

    [Fact]
    public void Huge_pages_are_right_in_every_window_at_once()
    {
        FakeArea area = _old.Map(1024, FolioKind.Anon);
        FakeFolio[] huge = [_host.Allocate(FolioKind.Anon, 9, near: 65536), _host.Allocate(FolioKind.Anon, 9, near: 65536)];
        for (int i = 0; i < 1024; i++)
        {
            FakeProcess.Set(area, i, new FakePage(huge[i / 512], i % 512));
        }

        Pass(60);
        Pass(60);
        FakeHost.Touch(huge[0]);
        _host.Write();
        using IWorkingSetWindow window = _estimator.BeginWindow(_old.Tracked, out _)!;
        _host.Clock.Advance(10 * Second);
        FakeHost.Touch(huge[1]);
        Assert.Equal(ReadOutcome.Success, window.Complete(out WorkingSetSample asked));
        Assert.Equal(Bytes(512), asked.AnonBytes);
        Pass(50);
        Assert.Equal(Bytes(1024), _passes.Completed(_old.Tracked).AnonBytes);
    }

    private WorkingSetSample? Glance(int seconds, FakeProcess process)
    {
        _host.Clock.Advance(seconds * Second);
        _host.Write();
        _glances.Sample = null;
        _estimator.Glance([process.Tracked], _glances);
        return _glances.Sample;
    }

    private void Pass(int seconds)
    {
        _host.Clock.Advance(seconds * Second);
        _host.Write();
        _passes.Run([.. _host.Processes.Select(static process => process.Tracked)]);
    }

    private static ulong Bytes(int pages) => (ulong)pages * FakeArea.PageBytes;

    public void Dispose()
    {
        _estimator.Dispose();
        _host.Dispose();
    }

    private sealed class Glances : IWorkingSetSink
    {
        internal WorkingSetSample? Sample { get; set; }

        public void Completed(TrackedProcess process, in WorkingSetSample sample) => Sample = sample;

        public void Skipped(TrackedProcess process, ReadOutcome reason) => Assert.Fail(reason.ToReason());
    }
}
