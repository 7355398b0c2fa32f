using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;
using MemSnoop.WorkingSets.PageIdle.Handover;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>One exporter ends and another goes on with the ages that it left; or does not, and says why.</summary>
public sealed class HandoverTests : IDisposable
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private static readonly EstimatorOptions Options = new()
    {
        IdleAges = new IdleAges([TimeSpan.Zero, Minute, 2 * Minute, 5 * Minute, 10 * Minute]),
        AgesKeptFor = 2 * Minute,
    };

    private readonly FakeHost _host = new();
    private readonly FakeProcess _process;
    private PageIdleEstimator _estimator;
    private Passes _passes;

    public HandoverTests()
    {
        _process = _host.Fill(_host.Start(), 400);
        _estimator = _host.Estimator(Options);
        _passes = new Passes(_estimator);

        // 100 pages have been idle for six minutes, 200 more for three, and the rest is in use.
        Pass();
        FakeHost.Touch(_process, 300, 100);
        Pass();
        Pass();
        FakeHost.Touch(_process, 300, 100);
        Pass();
        for (int i = 0; i < 3; i++)
        {
            FakeHost.Touch(_process, 100, 300);
            Pass();
        }
    }

    [Fact]
    public void Ages_go_on_exactly_and_the_time_between_is_part_of_one_long_window()
    {
        Assert.Equal([400, 300, 300, 100], Idle());
        _host.Clock.Advance(Minute / 2);
        AgesTaken taken = Restart(gap: Minute);
        Assert.Equal((AgesOutcome.Continued, Minute, 1, Bytes(300), 0), (taken.Outcome, taken.Gap, taken.Processes, taken.Bytes, taken.LeftOutBytes));

        // Accessed before the exporter ended, in the gap, and after it began again: all is in the window.
        FakeHost.Touch(_process, 50, 100);
        WorkingSetSample sample = Pass(Minute / 2);
        Assert.Equal((2 * Minute, Bytes(50), true), (sample.Window, (long)sample.AnonBytes, sample.IsWhole));
        Assert.Equal(4, sample.KnownAges);
        Assert.Equal([400, 350, 350, 250], Idle());
        FakeHost.Touch(_process, 100, 300);
        Pass();
        Pass();
        Assert.Equal([400, 400, 300, 250, 100], Idle());
    }

    [Fact]
    public void What_is_accessed_while_nobody_watches_is_not_idle()
    {
        FakeHost.Touch(_process, 10, 0);
        string file = _host.Leave(_estimator);
        FakeHost.Touch(_process, 20, 20);
        TakeUp(file, Minute);
        Assert.Equal((Bytes(30), true), ((long)Pass(TimeSpan.Zero).AnonBytes, true));
        Assert.Equal(70, Idle()[3]);
    }

    [Fact]
    public void Time_for_which_the_host_is_suspended_counts()
    {
        string file = _host.Leave(_estimator);
        _host.Suspended += 1.5 * Minute;
        Assert.Equal((AgesOutcome.Continued, 1.75 * Minute), (TakeUp(file, Minute / 4).Outcome, _estimator.AgesTaken!.Value.Gap));
        Assert.Equal(1.75 * Minute, Pass(TimeSpan.Zero).Window);
    }

    [Theory]
    [InlineData(120, "Continued")]
    [InlineData(121, "Old")]
    public void They_are_too_old_after_the_time_for_which_they_are_kept(int seconds, string outcome)
    {
        Assert.Equal(outcome, Restart(TimeSpan.FromSeconds(seconds)).Outcome.ToString());
        Assert.Equal(outcome == "Continued" ? 1 : 0, Count(Pass(TimeSpan.Zero, isThere: null)));
    }

    [Fact]
    public void Those_of_another_boot_are_of_no_use()
    {
        string file = _host.Leave(_estimator);
        _host.Boot = Guid.NewGuid();
        AssertAnew(AgesOutcome.OtherBoot, file);
    }

    [Fact]
    public void Other_areas_are_another_configuration()
    {
        string file = _host.Leave(_estimator);
        AssertAnew(AgesOutcome.OtherConfiguration, file, Options with { Areas = AreaFilter.All with { Roles = AreaRoles.Heap } });
    }

    [Fact]
    public void What_may_have_hidden_any_access_ends_them()
    {
        _host.Disturbances.Report = Everywhere();
        string file = _host.Leave(_estimator);
        _host.Disturbances.Report = DisturbanceReport.Quiet;
        AssertAnew(AgesOutcome.Disturbed, file);
    }

    [Fact]
    public void So_it_does_after_they_were_left()
    {
        string file = _host.Leave(_estimator);
        _host.Disturbances.Report = Everywhere();
        Assert.Equal(AgesOutcome.Disturbed, TakeUp(file, Minute / 2).Outcome);
        Assert.Empty(Pass(Minute, isThere: null).AllCompleted);
    }

    [Fact]
    public void What_may_have_hidden_some_makes_the_window_a_bracket()
    {
        string file = _host.Leave(_estimator);
        DisturbanceReport some = new();
        some.AddGroup(0, new HiddenPages(60, 60, Disturbance.Aged));
        _host.Disturbances.Report = some;
        Assert.Equal(AgesOutcome.Continued, TakeUp(file, Minute).Outcome);
        WorkingSetSample sample = Pass(TimeSpan.Zero);
        Assert.Equal((Disturbance.Aged, Bytes(60)), (sample.Disturbance, (long)sample.DoubtfulAnonBytes));
        Assert.Equal(40, Idle()[3]);
    }

    [Fact]
    public void Doubts_go_on_too()
    {
        DisturbanceReport some = new();
        some.AddGroup(0, new HiddenPages(60, 60, Disturbance.Aged));
        _host.Disturbances.Report = some;
        Pass();
        _host.Disturbances.Report = DisturbanceReport.Quiet;
        Restart(Minute);
        Assert.True(Pass(TimeSpan.Zero).IsWhole);
        Assert.Equal(240, Idle()[3]);
    }

    [Fact]
    public void A_pid_that_is_another_process_now_begins_anew()
    {
        FakeProcess second = _host.Fill(_host.Start(), 50);
        Pass();
        Pass();
        string file = _host.Leave(_estimator);
        _host.Exit(second);
        _host.FreeUnmapped();
        FakeProcess reused = _host.Fill(_host.Start(second.Pid, startTicks: 2000), 50);
        Assert.Equal(2, TakeUp(file, Minute).Processes);

        // Its frames may be those of the one before, which had no flag any more when they were taken anew.
        Assert.DoesNotContain(reused.Tracked, Pass(TimeSpan.Zero, isThere: null).AllCompleted.Keys);
        FakeHost.Touch(reused, 20);
        WorkingSetSample sample = Pass(Minute, isThere: null).Completed(reused.Tracked);
        Assert.Equal((Bytes(20), 2), ((long)sample.AnonBytes, sample.KnownAges));
    }

    [Fact]
    public void A_process_that_started_in_between_has_its_life_as_its_window()
    {
        string file = _host.Leave(_estimator);
        TakeUp(file, Minute);
        FakeProcess born = _host.Fill(_host.Start(), 30);
        _host.Lives[born.Pid] = Minute / 3;
        WorkingSetSample sample = Pass(TimeSpan.Zero, isThere: null).Completed(born.Tracked);
        Assert.Equal((Minute / 3, Bytes(30)), (sample.Window, (long)sample.AnonBytes));
    }

    [Fact]
    public void A_frame_that_holds_something_else_by_now_is_in_use()
    {
        string file = _host.Leave(_estimator);

        // Freed and taken anew at the same address: the kernel clears the flag.
        for (int i = 0; i < 40; i++)
        {
            FakeFolio before = _process.Areas[0].Pages[i].Folio!;
            _host.Replace(before, FolioKind.Anon);
            FakeProcess.Set(_process.Areas[0], i, new FakePage(_host.FolioAt(before.First)!, 0));
        }

        TakeUp(file, Minute);
        Assert.Equal(Bytes(40), (long)Pass(TimeSpan.Zero).AnonBytes);
        Assert.Equal(60, Idle()[3]);
    }

    [Fact]
    public void A_page_that_was_moved_to_another_frame_keeps_its_age()
    {
        string file = _host.Leave(_estimator);
        for (int i = 0; i < 100; i++)
        {
            FakeFolio moved = _host.Allocate(FolioKind.Anon, near: 50_000);
            moved.Idle = _process.Areas[0].Pages[i].Folio!.Idle;
            FakeProcess.Set(_process.Areas[0], i, new FakePage(moved, 0));
        }

        _host.FreeUnmapped();
        TakeUp(file, Minute);
        Assert.Equal(0, (long)Pass(TimeSpan.Zero).AnonBytes);
        Assert.Equal([400, 400, 300, 100], Idle());
    }

    [Fact]
    public void Areas_that_have_changed_keep_what_is_still_there()
    {
        FakeArea file = _process.Map(60, FolioKind.File);
        for (int i = 0; i < 60; i++)
        {
            FakeProcess.Set(file, i, new FakePage(_host.Allocate(FolioKind.File), 0));
        }

        for (int i = 0; i < 6; i++)
        {
            Pass();
        }

        string left = _host.Leave(_estimator);

        // 20 of the pages are gone, and where they were another file is mapped, whose pages somebody else has had marked.
        _process.Unmap(file);
        FakeArea rest = _process.Map(40, FolioKind.File, startPage: file.StartPage);
        for (int i = 0; i < 40; i++)
        {
            FakeProcess.Set(rest, i, file.Pages[i].IsPresent ? file.Pages[i] : new FakePage(_host.Allocate(FolioKind.File, near: 60_000), 0));
            rest.Pages[i].Folio!.Idle = true;
        }

        _host.FreeUnmapped();
        TakeUp(left, Minute);
        Pass(TimeSpan.Zero);
        Assert.Equal([440, 440], Idle()[..2]);
        Assert.Equal(400, Idle()[3]);
    }

    [Fact]
    public void A_longer_last_age_is_known_once_it_has_passed()
    {
        IdleAges longer = new([TimeSpan.Zero, Minute, 20 * Minute]);
        for (int i = 0; i < 30; i++)
        {
            Pass();
        }

        string file = _host.Leave(_estimator);
        TakeUp(file, Minute, Options with { IdleAges = longer });
        Assert.Equal(2, Pass(TimeSpan.Zero).KnownAges);
        for (int i = 0; i < 8; i++)
        {
            Pass();
        }

        Assert.Equal(2, _passes.Completed(_process.Tracked).KnownAges);
        Assert.Equal(3, Pass().KnownAges);
        Assert.Equal(400, Idle()[2]);
    }

    [Theory]
    [InlineData(0, 60)]
    [InlineData(1 << 20, 0)]
    public void What_there_is_no_room_or_time_for_begins_anew_and_is_told(int bytes, int seconds)
    {
        FakeProcess other = _host.Start();
        FakeArea area = other.Map(50, FolioKind.Anon);
        for (int i = 0; i < 50; i++)
        {
            FakeProcess.Set(area, i, new FakePage(_host.Allocate(FolioKind.Anon, near: 70_000), 0));
        }

        for (int i = 0; i < 7; i++)
        {
            Pass();
        }

        // Marks are always there.
        string file = _host.Leave(_estimator, new HandoverRoom(bytes, TimeSpan.FromSeconds(seconds)));
        AgesTaken taken = TakeUp(file, Minute);
        Assert.Equal((AgesOutcome.Continued, 0, Bytes(450)), (taken.Outcome, taken.Bytes, taken.LeftOutBytes));
        WorkingSetSample sample = Pass(TimeSpan.Zero);
        Assert.Equal((0, Bytes(400)), ((long)sample.AnonBytes, (long)sample.Idle[1]));
        Assert.Equal(0UL, sample.Idle[3]);
    }

    [Fact]
    public void What_has_the_most_idle_memory_comes_first()
    {
        FakeProcess other = _host.Start();
        FakeArea area = other.Map(50, FolioKind.Anon);
        for (int i = 0; i < 50; i++)
        {
            FakeProcess.Set(area, i, new FakePage(_host.Allocate(FolioKind.Anon, near: 70_000), 0));
        }

        for (int i = 0; i < 7; i++)
        {
            Pass();
        }

        long marks = new FileInfo(_host.Leave(_estimator, new HandoverRoom(0, Minute))).Length;
        _estimator = _host.Estimator(Options);
        _passes = new Passes(_estimator);
        for (int i = 0; i < 14; i++)
        {
            Pass();
        }

        AgesTaken taken = TakeUp(_host.Leave(_estimator, new HandoverRoom(marks - AgesHeader.Bytes + 4, Minute)), Minute);
        Assert.Equal((Bytes(400), Bytes(50)), (taken.Bytes, taken.LeftOutBytes));
    }

    [Fact]
    public void Windows_of_passes_in_parts_go_on_from_between_two_parts()
    {
        EstimatorOptions spread = Options with { Parts = 3, GroupOf = static _ => "pod" };
        _estimator.Dispose();
        _estimator = _host.Estimator(spread);
        int part = 0;
        LastSample sink = new();
        void Part()
        {
            _host.Clock.Advance(Minute / 3);
            _host.Write();
            _process.Tracked.Look(new KernelBuffer(), out _);
            _estimator.Pass([_process.Tracked], part++ % 3, sink);
        }

        for (int i = 0; i < 20; i++)
        {
            Part();
        }

        Assert.Equal(AgesOutcome.Continued, TakeUp(_host.Leave(_estimator), Minute / 3, spread).Outcome);
        part = 0;
        for (int i = 0; i < 6; i++)
        {
            Part();
        }

        Assert.Equal(400, (long)sink.Last.Idle[3] / 4096);
    }

    [Fact]
    public void In_the_middle_of_a_pass_and_before_the_first_nothing_is_left()
    {
        using PageIdleEstimator fresh = _host.Estimator(Options);
        using KernelHandle none = new(-1);
        Assert.Equal(ReadOutcome.NotSupported, fresh.LeaveAges(none, new HandoverRoom(), out AgesLeft left));
        Assert.Equal("no pass has ended", left.Reason);

        _host.Disturbances.OnNow = static () => throw new TimeoutException();
        Assert.Throws<TimeoutException>(() => Pass());
        _host.Disturbances.OnNow = static () => throw new TimeoutException();
        FakeProcess born = _host.Fill(_host.Start(), 30);
        _host.AskedForLife = static _ => throw new TimeoutException();
        Assert.Throws<TimeoutException>(() => Pass());
        Assert.NotNull(born);
        Assert.Equal(ReadOutcome.NotSupported, _estimator.LeaveAges(none, new HandoverRoom(), out left));
        Assert.Equal("a pass was under way", left.Reason);
    }

    [Fact]
    public void Without_the_options_nothing_is_taken_up()
    {
        string file = _host.Leave(_estimator);
        _estimator = _host.TakeUp(file, Options with { AgesKeptFor = null });
        Assert.Null(_estimator.AgesTaken);
    }

    private sealed class LastSample : IWorkingSetSink
    {
        internal WorkingSetSample Last { get; private set; }

        public void Completed(TrackedProcess process, in WorkingSetSample sample) => Last = sample;

        public void Skipped(TrackedProcess process, ReadOutcome reason) => Assert.Fail(reason.ToReason());
    }

    private AgesTaken Restart(TimeSpan gap) => TakeUp(_host.Leave(_estimator), gap);

    private AgesTaken TakeUp(string file, TimeSpan gap, EstimatorOptions? options = null)
    {
        _host.Clock.Advance(gap);
        _host.Write();
        _estimator = _host.TakeUp(file, options ?? Options);
        _passes = new Passes(_estimator);
        return _estimator.AgesTaken!.Value;
    }

    private void AssertAnew(AgesOutcome outcome, string file, EstimatorOptions? options = null)
    {
        Assert.Equal(outcome, TakeUp(file, Minute / 2, options).Outcome);
        Assert.Empty(Pass(Minute, isThere: null).AllCompleted);
        if (options is null)
        {
            Pass();
            Assert.Equal(2, Pass().KnownAges - 1);
        }
    }

    private static DisturbanceReport Everywhere()
    {
        DisturbanceReport report = new();
        report.AddEverywhere(new HiddenPages(HiddenPages.Unbounded, HiddenPages.Unbounded, Disturbance.Damon));
        return report;
    }

    private static int Count(Passes passes) => passes.AllCompleted.Count;

    private static long Bytes(int pages) => pages * 4096L;

    private WorkingSetSample Pass(TimeSpan? after = null) => Pass(after ?? Minute, isThere: null) is var passes && passes.AllCompleted.TryGetValue(_process.Tracked, out WorkingSetSample sample) ? sample : default;

    private Passes Pass(TimeSpan after, bool? isThere)
    {
        _host.Clock.Advance(after);
        _host.Write();
        _passes.Run([.. _host.Processes.Select(static process => process.Tracked)]);
        Assert.True(isThere is null || _passes.AllCompleted.ContainsKey(_process.Tracked));
        return _passes;
    }

    /// <summary>Pages that have been idle for each age that is known.</summary>
    private int[] Idle()
    {
        WorkingSetSample sample = _passes.Completed(_process.Tracked);
        IdleBytes idle = sample.Idle;
        return [.. Enumerable.Range(0, sample.KnownAges).Select(age => (int)(idle[age] / 4096))];
    }

    public void Dispose()
    {
        _estimator.Dispose();
        _host.Dispose();
    }
}
