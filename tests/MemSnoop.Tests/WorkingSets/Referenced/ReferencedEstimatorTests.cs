using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.Referenced;
using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Tests.WorkingSets.Referenced;

/// <summary>The referenced method on real processes. Time is the test's own, so that windows are as long as it says.</summary>
public sealed class ReferencedEstimatorTests : IDisposable
{
    private const double MB = 1 << 20;

    // Its own code, stack and libraries on top of the memory it made.
    private const double Own = 3 * MB;

    // Whatever else the machine does meanwhile.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static readonly IdleAges Ages = new([TimeSpan.Zero, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(120)]);

    private readonly FakeTimeProvider _clock = new();
    private readonly ReferencedEstimator _estimator;
    private readonly Passes _passes;
    private readonly TemporaryDirectory _directory = new();

    public ReferencedEstimatorTests()
    {
        _estimator = new ReferencedEstimator(new EstimatorOptions { IdleAges = Ages, MaxStall = Patience }, _clock);
        _passes = new Passes(_estimator);
    }

    [Theory]
    [InlineData("anon")]
    [InlineData("shmem")]
    [InlineData("file")]
    public async Task What_is_touched_is_found_whatever_its_kind(string kind)
    {
        string[] path = kind == "file" ? ["--path", _directory["mapped"]] : [];
        using Workload child = await Workload.StartAsync("touch", ["--resident", "200", "--hot", "40", "--huge", "never", "--kind", kind, .. path]);
        using TrackedProcess process = Track(child.Pid);
        _passes.Run(process);
        Assert.Equal(0, _passes.Reported);

        WorkingSetSample sample = await WindowAsync(process, TimeSpan.FromSeconds(30));

        Assert.Equal(TimeSpan.FromSeconds(30), sample.Window);
        PageKind expected = kind == "anon" ? PageKind.Anon : kind == "file" ? PageKind.File : PageKind.Shmem;
        foreach (PageKind each in Enum.GetValues<PageKind>())
        {
            double hot = each == expected ? 40 * MB : 0;
            Assert.InRange(sample.Bytes(each), hot * 0.95, (hot * 1.05) + (each == PageKind.Shmem ? 0 : Own));
        }

        Assert.InRange(sample.TotalBytes, 40 * MB * 0.95, (40 * MB * 1.05) + Own);
        Assert.InRange(sample.ResidentBytes, 200 * MB, (200 * MB) + (2 * Own));
        Assert.Equal(sample.ResidentBytes, sample.Idle[0]);
        Assert.InRange(sample.Idle[1], 160 * MB * 0.95, (160 * MB * 1.05) + Own);
        Assert.Equal(sample.ResidentBytes - sample.TotalBytes, sample.Idle[1]);
    }

    [Fact]
    public async Task Ages_become_known_with_time_and_bands_fall_with_age()
    {
        using Workload child = await Workload.StartAsync("touch", "--resident", "60", "--hot", "10", "--huge", "never");
        using TrackedProcess process = Track(child.Pid);
        _passes.Run(process);

        for (int window = 1; window <= 5; window++)
        {
            WorkingSetSample sample = await WindowAsync(process, TimeSpan.FromSeconds(30));

            Assert.Equal(window switch { 1 => 2, 2 or 3 => 3, _ => 4 }, sample.KnownAges);
            for (int band = 1; band < Ages.Count; band++)
            {
                Assert.True(sample.Idle[band] <= sample.Idle[band - 1]);
                Assert.InRange(sample.Idle[band], band < sample.KnownAges ? 50 * MB * 0.95 : 0, band < sample.KnownAges ? (50 * MB) + Own : 0);
            }
        }
    }

    [Fact]
    public async Task A_hot_set_that_moves_is_followed()
    {
        using Workload child = await Workload.StartAsync("touch", "--resident", "100", "--hot", "10", "--huge", "never");
        using TrackedProcess process = Track(child.Pid);
        _passes.Run(process);
        await WindowAsync(process, TimeSpan.FromSeconds(30));

        foreach (int hot in new[] { 80, 20, 50 })
        {
            await child.TellAsync($"hot {hot}");
            _passes.Run(process);
            WorkingSetSample sample = await WindowAsync(process, TimeSpan.FromSeconds(30));

            Assert.InRange(sample.TotalBytes, hot * MB * 0.95, (hot * MB * 1.05) + Own);

            // Nothing has been left alone since the widest of them but what it left out.
            Assert.InRange(sample.Idle[2], 0, (100 - hot) * MB * 1.05 + Own);
        }
    }

    [Fact]
    public async Task Nothing_touched_is_nothing_used()
    {
        using Workload child = await Workload.StartAsync("touch", "--resident", "50", "--huge", "never");
        using TrackedProcess process = Track(child.Pid);
        _passes.Run(process);
        _clock.Advance(TimeSpan.FromSeconds(60));
        _passes.Run(process);

        WorkingSetSample sample = _passes.Completed(process);
        Assert.InRange(sample.TotalBytes, 0, Own);
        Assert.InRange(sample.Idle[2], 50 * MB, (50 * MB) + Own);
    }

    [Fact]
    public async Task A_process_too_large_is_left_alone()
    {
        using Workload large = await Workload.StartAsync("touch", "--resident", "40");
        using Workload small = await Workload.StartAsync("touch", "--resident", "4");
        using ReferencedEstimator estimator = new(new EstimatorOptions { ReferencedMaxResidentBytes = 20 << 20, MaxStall = Patience }, _clock);
        Passes passes = new(estimator);
        using TrackedProcess first = Track(large.Pid);
        using TrackedProcess second = Track(small.Pid);

        passes.Run(first, second);
        Assert.Equal(1, passes.Reported);
        passes.Run(first, second);

        Assert.Equal(ReadOutcome.TooLarge, passes.Skipped(first));
        Assert.InRange(passes.Completed(second).ResidentBytes, 4 * MB, 20 * MB);
    }

    [Fact]
    public void A_process_of_another_user_is_denied() => Unprivileged.Run(() =>
    {
        using TrackedProcess process = Track(1);

        _passes.Run(process);

        Assert.Equal(ReadOutcome.Denied, _passes.Skipped(process));
    });

    [Fact]
    public async Task A_process_that_exits_between_passes_has_no_working_set()
    {
        using Workload child = await Workload.StartAsync("puppet");
        using TrackedProcess process = Track(child.Pid);
        _passes.Run(process);

        child.Kill();
        _passes.Run(process);

        Assert.Equal(ReadOutcome.ProcessGone, _passes.Skipped(process));
    }

    [Fact]
    public async Task A_zombie_has_no_working_set()
    {
        using Workload parent = await Workload.StartAsync("puppet");
        await parent.TellAsync($"spawn {await Workloads.PathAsync("puppet")}");
        int child = parent.Said.GetProperty("child").GetInt32();
        using TrackedProcess process = Track(child);
        _passes.Run(process);

        Assert.Equal(0, Libc.Kill(child, 9));
        await Eventually.ReachesAsync(() => File.ReadAllText($"/proc/{child}/stat").Split(')')[^1], static rest => rest.StartsWith(" Z", StringComparison.Ordinal));
        _passes.Run(process);

        Assert.Equal(ReadOutcome.ProcessGone, _passes.Skipped(process));
    }

    [Fact]
    public async Task A_process_that_was_absent_begins_anew()
    {
        using Workload child = await Workload.StartAsync("puppet");
        using TrackedProcess process = Track(child.Pid);
        _passes.Run(process);
        _clock.Advance(TimeSpan.FromSeconds(60));
        _passes.Run();
        _clock.Advance(TimeSpan.FromSeconds(60));

        _passes.Run(process);
        Assert.Equal(0, _passes.Reported);
        _clock.Advance(TimeSpan.FromSeconds(30));
        _passes.Run(process);

        WorkingSetSample sample = _passes.Completed(process);
        Assert.Equal(TimeSpan.FromSeconds(30), sample.Window);
        Assert.Equal(2, sample.KnownAges);
    }

    [Fact]
    public async Task A_program_begun_within_a_window_is_measured_as_it_is_then()
    {
        using Workload child = await Workload.StartAsync("puppet");
        await child.TellAsync("fault 10000");
        using TrackedProcess process = Track(child.Pid);
        _passes.Run(process);
        _clock.Advance(TimeSpan.FromSeconds(30));
        _passes.Run(process);
        Assert.InRange(_passes.Completed(process).Idle[1], 39 * MB, 45 * MB);

        await child.TellAsync($"exec {await Workloads.PathAsync("puppet")}");
        _clock.Advance(TimeSpan.FromSeconds(30));
        _passes.Run(process);

        WorkingSetSample sample = _passes.Completed(process);
        Assert.InRange(sample.ResidentBytes, 0.5 * MB, 10 * MB);
        Assert.InRange(sample.Idle[2], 0, Own);
    }

    [Fact]
    public async Task A_large_process_that_may_not_be_looked_at_at_all_is_denied()
    {
        using Workload large = await Workload.StartAsync("touch", "--resident", "200", "--huge", "never");
        foreach (EstimatorOptions settings in (EstimatorOptions[])[new() { MaxStall = TimeSpan.FromMilliseconds(0.5) }, new() { ReferencedMaxResidentBytes = 1 }])
        {
            using ReferencedEstimator estimator = new(settings, _clock);
            Passes passes = new(estimator);
            using TrackedProcess process = Track(large.Pid);
            Unprivileged.Run(() => passes.Run(process));
            Assert.Equal(ReadOutcome.Denied, passes.Skipped(process));
            passes.Run(process);
            Assert.NotEqual(ReadOutcome.Denied, passes.Skipped(process));
        }
    }

    [Fact]
    public async Task A_process_that_would_be_held_up_for_too_long_is_left_out()
    {
        using Workload large = await Workload.StartAsync("touch", "--resident", "200", "--huge", "never");
        using Workload small = await Workload.StartAsync("touch", "--resident", "4");
        using ReferencedEstimator estimator = new(new EstimatorOptions { MaxStall = TimeSpan.FromMilliseconds(1.5) }, _clock);
        Passes passes = new(estimator);
        using TrackedProcess first = Track(large.Pid);
        using TrackedProcess second = Track(small.Pid);

        passes.Run(first);
        Assert.Equal(ReadOutcome.WouldStall, passes.Skipped(first));
        Assert.Equal(TimeSpan.Zero, estimator.LongestStall);   // nothing was cleared
        passes.Run(first, second);
        Assert.Equal(ReadOutcome.WouldStall, passes.Skipped(first));
        Assert.True(estimator.LongestStall > TimeSpan.Zero);
    }

    [Fact]
    public async Task Only_areas_of_the_filter_are_summed()
    {
        using Workload child = await Workload.StartAsync("touch", "--resident", "50", "--hot", "20", "--huge", "never", "--kind", "shmem");
        using TrackedProcess process = Track(child.Pid);
        using ReferencedEstimator estimator = new(new EstimatorOptions { Areas = AreaFilter.All with { Roles = AreaRoles.Heap | AreaRoles.Stack }, MaxStall = Patience }, _clock);
        Passes passes = new(estimator);
        passes.Run(process);
        _clock.Advance(TimeSpan.FromSeconds(30));
        passes.Run(process);
        Assert.InRange(passes.Completed(process).ResidentBytes, 4096UL, (ulong)MB);
    }

    [Fact]
    public async Task A_look_at_one_process_leaves_the_windows_of_others_alone()
    {
        using Workload one = await Workload.StartAsync("puppet");
        using Workload other = await Workload.StartAsync("puppet");
        using TrackedProcess first = Track(one.Pid);
        using TrackedProcess second = Track(other.Pid);
        _passes.Run(first);
        _clock.Advance(TimeSpan.FromSeconds(10));
        _passes.Glance(second);
        Assert.Equal(0, _passes.Reported);
        _clock.Advance(TimeSpan.FromSeconds(4));
        _passes.Glance(second);
        Assert.Equal(4, _passes.Completed(second).Window.TotalSeconds);
        _clock.Advance(TimeSpan.FromSeconds(16));
        _passes.Run(first, second);
        Assert.Equal((30, 16), (_passes.Completed(first).Window.TotalSeconds, _passes.Completed(second).Window.TotalSeconds));
    }

    [Fact]
    public async Task A_window_on_request_is_as_long_as_asked_and_nothing_is_missing_from_those_of_the_passes()
    {
        using Workload child = await Workload.StartAsync("touch", "--resident", "60", "--huge", "never");
        using TrackedProcess process = Track(child.Pid);
        using TrackedProcess own = Track(child.Pid);
        _passes.Run(process);
        await child.TellAsync("hot 40");
        _clock.Advance(TimeSpan.FromSeconds(20));
        ulong rounds = Switches(process);
        await Eventually.ReachesAsync(() => Switches(process), now => now >= rounds + 3);

        IWorkingSetWindow window = _estimator.BeginWindow(own, out ReadOutcome outcome)!;
        Assert.Equal(ReadOutcome.Success, outcome);
        await child.TellAsync("hot 10");
        _clock.Advance(TimeSpan.FromSeconds(5));
        ulong before = Switches(process);
        await Eventually.ReachesAsync(() => Switches(process), now => now >= before + 3);

        // A pass within it reports both parts as one, and ends no window.
        _passes.Run(process);
        WorkingSetSample divided = _passes.Completed(process);
        Assert.Equal((25, Disturbance.Divided), (divided.Window.TotalSeconds, divided.Disturbance));
        Assert.InRange(divided.TotalBytes, 40 * MB * 0.95, (40 * MB) + Own);
        Assert.InRange(divided.UpperTotalBytes, divided.TotalBytes, divided.ResidentBytes);
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(ReadOutcome.Success, window.Complete(out WorkingSetSample sample));
        Assert.Equal(8, sample.Window.TotalSeconds);

        _clock.Advance(TimeSpan.FromSeconds(12));
        _passes.Run(process);
        Assert.Equal(20, _passes.Completed(process).Window.TotalSeconds);
        _clock.Advance(TimeSpan.FromSeconds(20));
        _passes.Run(process);
        Assert.Equal((20, Disturbance.None), (_passes.Completed(process).Window.TotalSeconds, _passes.Completed(process).Disturbance));
    }

    [Fact]
    public async Task Two_who_ask_share_the_beginning_of_a_window()
    {
        using Workload child = await Workload.StartAsync("puppet");
        using TrackedProcess process = Track(child.Pid);
        IWorkingSetWindow first = _estimator.BeginWindow(process, out _)!;
        _clock.Advance(TimeSpan.FromSeconds(3));
        using IWorkingSetWindow second = _estimator.BeginWindow(process, out _)!;
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(ReadOutcome.Success, first.Complete(out WorkingSetSample sample));
        Assert.Equal(5, sample.Window.TotalSeconds);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ReadOutcome.Success, second.Complete(out sample));
        Assert.Equal(6, sample.Window.TotalSeconds);
    }

    [Fact]
    public async Task A_window_of_a_process_that_ends_has_no_number()
    {
        using Workload child = await Workload.StartAsync("puppet");
        using TrackedProcess process = Track(child.Pid);
        using IWorkingSetWindow window = _estimator.BeginWindow(process, out _)!;
        child.Kill();
        Assert.Equal(ReadOutcome.ProcessGone, window.Complete(out _));
        Assert.Null(_estimator.BeginWindow(process, out ReadOutcome outcome));
        Assert.Equal(ReadOutcome.ProcessGone, outcome);
    }

    [Fact]
    public async Task One_comparison_serves_all_processes_of_a_pass()
    {
        FakeWatch watch = new();
        using ReferencedEstimator estimator = new(new EstimatorOptions { MaxStall = Patience }, _clock, watch);
        Passes passes = new(estimator);
        using Workload one = await Workload.StartAsync("touch", "--resident", "4");
        using Workload other = await Workload.StartAsync("touch", "--resident", "4");
        using TrackedProcess first = Track(one.Pid);
        using TrackedProcess second = Track(other.Pid);
        passes.Run(first, second);
        DisturbanceReport report = new();
        report.AddGroup(1, new HiddenPages(HiddenPages.Unbounded, 0, Disturbance.Aged));
        watch.Happens(report);
        _clock.Advance(TimeSpan.FromSeconds(10));
        passes.Run(first, second);
        Assert.Equal(Disturbance.Aged, passes.Completed(first).Disturbance);
        Assert.Equal(Disturbance.Aged, passes.Completed(second).Disturbance);
        Assert.Equal((4, 1, 1), (watch.Moments, watch.Comparisons, watch.Open));
        passes.Run(first, second);
        Assert.True(passes.Completed(first).IsWhole);
        passes.Run();
        Assert.Equal(0, watch.Open);
    }

    [Fact]
    public void It_works_on_this_machine_and_says_why_not_elsewhere()
    {
        Assert.True(ReferencedEstimator.Probe(new KernelPaths()).IsSupported);
        ProbeResult elsewhere = ReferencedEstimator.Probe(new KernelPaths(_directory.Root));
        Assert.Equal((false, "no_kernel_option"), (elsewhere.IsSupported, elsewhere.Reason));
        Assert.NotEmpty(elsewhere.Advice);
    }

    [Theory]
    [InlineData("[heap]", 0ul, PageKind.Anon)]
    [InlineData("", 0ul, PageKind.Anon)]
    [InlineData("/usr/bin/x", 17ul, PageKind.File)]
    [InlineData("/dev/shm/x", 17ul, PageKind.Shmem)]
    [InlineData("/memfd:x (deleted)", 17ul, PageKind.Shmem)]
    [InlineData("/SYSV0000 (deleted)", 17ul, PageKind.Shmem)]
    [InlineData("/dev/zero (deleted)", 17ul, PageKind.Shmem)]
    public void The_kind_of_an_area_is_told_by_its_name(string path, ulong inode, PageKind expected) =>
        Assert.Equal(expected, PageKinds.ByName(System.Text.Encoding.UTF8.GetBytes(path), inode));

    /// <summary>A window in which the child goes round its hot set at least twice; it waits after each round.</summary>
    private async Task<WorkingSetSample> WindowAsync(TrackedProcess process, TimeSpan length)
    {
        ulong rounds = Switches(process);
        await Eventually.ReachesAsync(() => Switches(process), now => now >= rounds + 3);
        _clock.Advance(length);
        _passes.Run(process);
        return _passes.Completed(process);
    }

    private static ulong Switches(TrackedProcess process)
    {
        Assert.Equal(ReadOutcome.Success, process.ReadStatus(new KernelBuffer(), out MemSnoop.ProcFs.Status status));
        return status.VoluntaryContextSwitches;
    }

    private static TrackedProcess Track(int pid)
    {
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), new HandleBudget(10), pid, out TrackedProcess? process));
        return process!;
    }

    public void Dispose()
    {
        _estimator.Dispose();
        _directory.Dispose();
    }
}
