using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Exporter.Tests.Sampling;

/// <summary>When passes and looks at new processes happen, and what is published of them. Over a tree of files, with a clock of the test's.</summary>
public sealed class WindowSamplerTests : IDisposable
{
    private readonly TemporaryDirectory _tree = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly CollectionNumber _collections;
    private readonly WatchList _watchList;
    private readonly SampledMeasurement _sampled = new("working-set", MethodState.Works("fake"));
    private readonly WorkingSetWindows _windows;
    private readonly MeasuredHost _host;
    private FakeEstimator _estimator;
    private WindowSampler? _sampler;
    private LocalWindows? _local;
    private TimeSpan _wait;

    public WindowSamplerTests()
    {
        Start(1);
        KernelPaths paths = new(_tree["proc"], _tree["sys"], _tree["run"]);
        HandleBudget budget = new(100);
        _host = new MeasuredHost(new MemSnoopOptions(), paths, budget);
        _collections = new CollectionNumber(_clock);
        _watchList = new WatchList(new ProcessTable(paths, new ProcessSelection { All = true }, budget, _clock, wantsCgroup: false), _collections, ProcessLabels.None);
        _windows = new WorkingSetWindows(_collections, _sampled);
        _estimator = new FakeEstimator(_clock);
    }

    [Theory]
    [InlineData(1, new double[] { 0, 1, 2, 3, 4, 5 })]
    [InlineData(2, new double[] { 0, 2, 4, 6 })]
    [InlineData(10, new double[] { 0, 2, 6, 10, 20, 30 })]
    [InlineData(60, new double[] { 0, 2, 6, 14, 30, 60, 120, 180 })]
    [InlineData(300, new double[] { 0, 2, 6, 14, 30, 62, 126, 300, 600 })]
    public void Windows_double_until_they_are_an_interval(double interval, double[] expected)
    {
        Run(interval, until: expected[^1]);
        Assert.Equal(expected, _estimator.Passes.Select(static pass => pass.At.TotalSeconds));
        Assert.Equal(0, _sampled.MissedPasses);
    }

    [Theory]
    [InlineData("Continued", new double[] { 0, 60, 120, 180 })]
    [InlineData("None", new double[] { 0, 2, 6, 14, 30, 60, 120, 180 })]
    public void Where_windows_are_open_already_the_first_pass_ends_them_and_there_are_no_short_ones(string outcome, double[] expected)
    {
        _estimator = new FakeEstimator(_clock) { Taken = new AgesTaken(Enum.Parse<AgesOutcome>(outcome)) };
        Begin(60);
        Go(until: 0);
        Assert.Equal((outcome == "Continued", outcome == "Continued" ? true : null), (_sampler!.HasPassed, Round().Succeeded));
        Assert.Equal(outcome == "Continued" ? 60 : 2, _sampler.NextWindow - (_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds, 3);
        Run(until: 180);
        Assert.Equal(expected, _estimator.Passes.Select(static pass => pass.At.TotalSeconds));
    }

    [Fact]
    public async Task Who_ends_leaves_its_ages_once_and_measures_no_more()
    {
        _estimator = new FakeEstimator(_clock) { Taken = new AgesTaken(AgesOutcome.None) };
        Run(60, until: 6);
        int passes = _estimator.Passes.Count;
        await _sampler!.StopAsync(TestContext.Current.CancellationToken);
        await _sampler.StopAsync(TestContext.Current.CancellationToken);
        _sampler.SampleOnce();
        Assert.Equal((1, passes), (_estimator.Left, _estimator.Passes.Count));
        Assert.Equal(ReadOutcome.Failed, _local!.TryTrack(1, out _));
    }

    [Fact]
    public async Task A_pass_that_does_not_end_leaves_none()
    {
        _estimator = new FakeEstimator(_clock) { Taken = new AgesTaken(AgesOutcome.None) };
        Begin(60);
        using ManualResetEventSlim begun = new();
        using ManualResetEventSlim end = new();
        _estimator.InPass = () =>
        {
            begun.Set();
            end.Wait();
        };
        Task pass = Task.Run(() => _sampler!.Step());
        begun.Wait(TestContext.Current.CancellationToken);
        await _sampler!.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, _estimator.Left);
        end.Set();
        await pass;
    }

    [Fact]
    public async Task A_method_that_keeps_none_leaves_none()
    {
        Run(60, until: 6);
        await _sampler!.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, _estimator.Left);
    }

    [Fact]
    public void Each_window_is_published_with_its_length()
    {
        List<double> lengths = [];
        Begin(60);
        while (Elapsed < 120)
        {
            Go();
            if (Shown(1) is { } sample && lengths.LastOrDefault() != sample.Window.TotalSeconds)
            {
                lengths.Add(sample.Window.TotalSeconds);
            }
        }

        Assert.Equal([2, 4, 8, 16, 30, 60], lengths);
    }

    [Fact]
    public void A_pass_in_parts_has_them_spread_over_its_time()
    {
        _estimator = new FakeEstimator(_clock) { Parts = 4 };
        Run(16, until: 47.9);
        Assert.Equal(
            [0, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8.5, 11, 13.5, 16, 20, 24, 28, 32, 36, 40, 44],
            _estimator.Passes.Select(static pass => pass.At.TotalSeconds));
        Assert.Equal([.. Enumerable.Range(0, 20).Select(static pass => pass % 4)], _estimator.Passes.Select(static pass => pass.Part));
    }

    [Fact]
    public void A_tick_that_could_not_run_is_skipped_and_later_ones_stay_where_they_were()
    {
        Begin(10);
        Go();
        _clock.Advance(TimeSpan.FromSeconds(25));
        Elapsed = 25;
        _wait = _sampler!.Step();
        Run(until: 40);
        Assert.Equal([0, 25, 30, 40], _estimator.Passes.Select(static pass => pass.At.TotalSeconds));
        Assert.Equal(3, _sampled.MissedPasses);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(300)]
    [InlineData(20)]
    public void A_job_of_20_seconds_has_two_windows_whenever_it_starts(double interval)
    {
        Begin(interval);
        Run(until: interval);
        for (int pid = 100; pid < 140; pid++)
        {
            double start = Elapsed;
            Start(pid);
            double? first = null;
            while (Elapsed < start + 20)
            {
                Go(until: start + 20);
                first ??= Shown(pid) is null ? null : Elapsed - start;
            }

            Assert.InRange(first ?? double.MaxValue, 1, 10);
            Assert.InRange(_estimator.Windows[pid], 2, 5);
            End(pid);
            Go(until: Elapsed + 0.7);   // so that starts are spread over the time between looks
        }
    }

    [Fact]
    public void A_new_process_is_looked_at_after_times_that_double_until_a_pass_has_it()
    {
        Run(60, until: 62);
        _estimator.Glances.Clear();
        Start(7);
        Run(until: 200);
        Assert.All(_estimator.Glances, static glance => Assert.Equal([7], glance.Pids));
        Assert.Equal([64, 68, 76, 92], _estimator.Glances.Select(static glance => glance.At.TotalSeconds));
    }

    [Fact]
    public void Looks_leave_the_windows_of_others_alone()
    {
        Run(60, until: 60);
        WorkingSetSample before = Shown(1)!.Value;
        Start(7);
        Run(until: 80);
        Assert.Equal(before.Window, Shown(1)!.Value.Window);
        Assert.Equal(8, Shown(7)!.Value.Window.TotalSeconds);
        Run(until: 120);
        Assert.Equal(60, Shown(1)!.Value.Window.TotalSeconds);
    }

    [Fact]
    public void What_cannot_be_read_is_left_to_the_passes()
    {
        Run(60, until: 62);
        _estimator.Glances.Clear();
        _estimator.Denied.Add(7);
        Start(7);
        Run(until: 119);
        Assert.Single(_estimator.Glances);
        Assert.Equal(1, Skips("denied"));
        Run(until: 120);
        Assert.Equal(2, Skips("denied"));
        Assert.Null(Shown(7));
    }

    [Fact]
    public void There_is_success_and_it_is_ready_once_the_first_windows_have_ended()
    {
        Begin(60);
        Go();
        Assert.False(_sampler!.HasPassed);
        Assert.Null(Round().Succeeded);
        Assert.Null(Round().WindowSpread);
        Run(until: 2);
        Assert.True(_sampler.HasPassed);
        Assert.True(Round().Succeeded);
        Assert.Equal(0.2, Round().WindowSpread!.Value.TotalSeconds);
    }

    [Fact]
    public void A_pass_that_fails_takes_its_numbers_away_and_says_so()
    {
        Run(60, until: 6);
        _estimator.Failure = new InvalidOperationException("no");
        Run(until: 14);
        Assert.Empty(Round().Processes);
        Assert.False(Round().Succeeded);
        Assert.True(double.IsNaN(Round().Cost.Seconds));
        Run(until: 60);
        Assert.True(Round().Succeeded);
    }

    [Theory]
    [InlineData(2, 15)]
    [InlineData(60, 60)]
    public void Windows_that_no_pass_replaces_end_with_their_age_limit_and_come_back_with_the_next(double interval, double patience)
    {
        Run(interval, until: 120);
        _sampler!.LimitAge();
        double due = 120 + interval;
        bool wasTold = false;
        _estimator.InPass = () =>
        {
            // The pass that begins now hangs; scrapes come all the same.
            double began = (_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;
            Assert.Equal(began, _sampler.PassStarted);
            _clock.Advance(TimeSpan.FromSeconds(patience));
            Assert.NotEmpty(Round().Processes);
            Assert.True(_local!.TryFindLast(1, out _));
            _clock.Advance(TimeSpan.FromSeconds(1));
            Assert.Empty(Round().Processes);
            Assert.False(Round().Succeeded);
            Assert.True(double.IsNaN(Round().Cost.Seconds));
            Assert.False(_local!.TryFindLast(1, out _));
            Assert.Equal(began, _sampler.PassStarted);
            double late = patience + 1;
            Assert.Equal(Math.Ceiling(late / interval) - 1, _sampler.MissedPasses);
            _clock.Advance(TimeSpan.FromDays(30));
            late += TimeSpan.FromDays(30).TotalSeconds;
            Assert.Equal(Math.Ceiling(late / interval) - 1, _sampler.MissedPasses);
            Elapsed += late;
            wasTold = true;
        };
        Run(until: due);
        Assert.True(wasTold);
        Assert.True(double.IsNaN(_sampler.PassStarted));
        Assert.True(Round().Succeeded);
        Assert.NotEmpty(Round().Processes);
        Assert.Equal(_sampler.MissedPasses, _sampled.MissedPasses);
    }

    [Fact]
    public void The_end_of_the_next_window_is_told()
    {
        double begin = (_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;
        Begin(60);
        Assert.True(double.IsNaN(_sampler!.NextWindow));
        foreach (double next in new double[] { 2, 6, 14, 30, 60, 120, 180 })
        {
            Go();
            while (_sampler.NextWindow < begin + next)
            {
                Go();
            }

            Assert.Equal(begin + next, _sampler.NextWindow, 0.001);
        }
    }

    [Fact]
    public void A_disturbed_window_counts_under_its_reason()
    {
        _estimator.Disturbance = Disturbance.Aged;
        Run(2, until: 2);
        Assert.Equal(1, Skips("aged"));
        WorkingSetSample sample = Shown(1)!.Value;
        Assert.False(sample.IsWhole);
        Assert.Equal(15UL, sample.UpperBytes(PageKind.Anon));
    }

    [Fact]
    public void A_collection_that_straddles_a_pass_shows_one_pass_in_all_it_tells()
    {
        _estimator.LongestStall = TimeSpan.FromMilliseconds(1);
        Run(2, until: 2);
        _collections.Begin();
        WorkingSetRound before = _windows.Shown();
        _estimator.LongestStall = TimeSpan.FromMilliseconds(2);
        _estimator.Denied.Add(1);
        Run(until: 4, collect: false);
        Assert.Same(before, _windows.Shown());
        Assert.Equal(1, _windows.Shown().LongestStall!.Value.TotalMilliseconds);
        Assert.Empty(_windows.Shown().Skips);
        Assert.Equal(2, Round().LongestStall!.Value.TotalMilliseconds);
        Assert.Equal(1, Skips("denied"));
    }

    [Fact]
    public void Windows_of_processes_without_series_are_measured_only_if_they_are_summed_up()
    {
        Start(2);
        Start(3);
        WatchList watchList = new(
            new ProcessTable(_host.Paths, new ProcessSelection { All = true }, _host.Budget, _clock, wantsCgroup: false), _collections, ProcessLabels.None, new SeriesChoice(1, null));
        using (watchList)
        {
            _sampler = new WindowSampler(
                new EstimatorTurns(_estimator, _host.Paths.Hung), TimeSpan.FromSeconds(60), _host, watchList, _windows, _sampled, _clock, NullLogger<WindowSampler>.Instance, static process => process.Identity.Pid == 3);
            Run(until: 60);
            Assert.Equal([1, 3], _estimator.Windows.Keys.Order());

            // Between the passes too.
            _estimator.Glances.Clear();
            Start(4);
            Run(until: 80);
            Assert.Empty(_estimator.Glances);
        }
    }

    [Fact]
    public async Task Who_asks_gets_the_last_window_or_one_of_his_own()
    {
        Run(60, until: 60);
        Assert.True(_local!.TryFindLast(1, out WorkingSetSample last));
        Assert.Equal(30, last.Window.TotalSeconds);
        Assert.False(_local!.TryFindLast(9, out _));

        Task<(ReadOutcome Outcome, WorkingSetSample Sample)> own = _local!.MeasureAsync(1, TimeSpan.FromSeconds(5), null, CancellationToken.None, TestContext.Current.CancellationToken);
        Assert.False(own.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(5));
        (ReadOutcome outcome, WorkingSetSample sample) = await own;
        Assert.Equal((ReadOutcome.Success, 5), (outcome, sample.Window.TotalSeconds));

        Assert.Equal(ReadOutcome.ProcessGone, (await _local!.MeasureAsync(9, TimeSpan.FromSeconds(5), null, CancellationToken.None, TestContext.Current.CancellationToken)).Outcome);
        _estimator.Denied.Add(1);
        Assert.Equal(ReadOutcome.Denied, (await _local!.MeasureAsync(1, TimeSpan.FromSeconds(5), null, CancellationToken.None, TestContext.Current.CancellationToken)).Outcome);
    }

    [Fact]
    public async Task Who_asks_for_ages_gets_windows_in_a_row()
    {
        Begin(60);
        IdleAges ages = new([TimeSpan.Zero, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5)]);
        Assert.Equal(8, ReaccessRun.Shortest(ages).TotalSeconds);
        Task<(ReadOutcome Outcome, ReaccessRun? Run)> run = _local!.MeasureReaccessedAsync(1, TimeSpan.FromSeconds(11), ages, CancellationToken.None, TestContext.Current.CancellationToken);
        while (!run.IsCompleted)
        {
            // What waits for the clock goes on beside this.
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        (ReadOutcome outcome, ReaccessRun? measured) = await run;
        Assert.Equal(ReadOutcome.Success, outcome);

        // Five windows of 2 s; memory can have been idle for 2 s when the second begins, and for 5 s when the fourth does.
        Assert.Equal([(ages[1], 0UL, 5UL), (ages[2], null, 5UL)], measured!.Ages.Select(static age => (age.Age, age.IdleBytes, age.ReaccessedBytes)));
        Assert.InRange(measured.Ages[0].Observed.TotalSeconds, 6, 9);
        Assert.InRange(measured.Ages[1].Observed.TotalSeconds, 2, 5);
        Assert.Equal(ReadOutcome.ProcessGone, (await _local!.MeasureReaccessedAsync(9, TimeSpan.FromSeconds(11), ages, CancellationToken.None, TestContext.Current.CancellationToken)).Outcome);
        _estimator.Denied.Add(1);
        Assert.Equal(ReadOutcome.Denied, (await _local!.MeasureReaccessedAsync(1, TimeSpan.FromSeconds(11), ages, CancellationToken.None, TestContext.Current.CancellationToken)).Outcome);
    }

    [Fact]
    public async Task Who_gives_up_waiting_leaves_nothing_behind()
    {
        Begin(60);
        using CancellationTokenSource stop = new();
        int used = _host.Budget.Used;
        Task<(ReadOutcome Outcome, WorkingSetSample Sample)> own = _local!.MeasureAsync(1, TimeSpan.FromSeconds(5), null, CancellationToken.None, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => own);
        Assert.Equal(used, _host.Budget.Used);
    }

    private double Elapsed { get; set; }

    private void Begin(double interval)
    {
        EstimatorTurns turns = new(_estimator, _host.Paths.Hung);
        _sampler = new WindowSampler(turns, TimeSpan.FromSeconds(interval), _host, _watchList, _windows, _sampled, _clock, NullLogger<WindowSampler>.Instance);
        _local = new LocalWindows(turns, _windows, _host, _clock, () => _sampler.HasPassed);
    }

    /// <summary>Waits for what is due next, but no longer than until a time, and lets it happen.</summary>
    private void Go(double until = double.MaxValue)
    {
        double wait = Math.Min(_wait.TotalSeconds, until - Elapsed);
        _clock.Advance(TimeSpan.FromSeconds(wait));
        Elapsed += wait;
        _wait = _sampler!.Step();
    }

    private void Run(double interval, double until)
    {
        Begin(interval);
        Run(until);
    }

    private void Run(double until, bool collect = true)
    {
        do
        {
            Go(until);
            if (collect)
            {
                _collections.Begin();
            }
        }
        while (Elapsed + _wait.TotalSeconds <= until || Elapsed < until);
    }

    private WorkingSetRound Round()
    {
        _collections.Begin();
        return _windows.Shown();
    }

    private WorkingSetSample? Shown(int pid)
    {
        ProcessSample<WorkingSetSample>[] found = [.. Round().Processes.Where(entry => entry.Process.Process.Identity.Pid == pid && !entry.Process.HasLeft)];
        return found.Length == 0 ? null : Assert.Single(found).Sample;
    }

    private long Skips(string reason) => Round().Skips.FirstOrDefault(skip => skip.Key == reason).Value;

    private void Start(int pid) => _tree.Write(
        $"proc/{pid}/stat",
        $"{pid} (job) S 1 {pid} {pid} 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 {pid} 10000000 500 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");

    private void End(int pid) => Directory.Delete(_tree[$"proc/{pid}"], recursive: true);

    public void Dispose()
    {
        _sampler?.Dispose();
        _watchList.Dispose();
        _tree.Dispose();
    }
}
