using System.Diagnostics.Metrics;
using System.Globalization;
using MemSnoop.Exporter.Tests.Otlp;
using MemSnoop.Kernel;
using MemSnoop.Locks;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Hosting;
using MemSnoop.Metrics.Sampling;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.Generations;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Exporter.Tests.Sampling;

/// <summary>When control groups are aged, what is said of it, and who takes accessed bits where several want them. Over a tree of files, with a clock of the test's.</summary>
public sealed class GenerationAgerTests : IDisposable
{
    private const string Listing = "sys/kernel/debug/lru_gen_full";
    private const string Commands = "proc/1/root/sys/kernel/debug/lru_gen";

    private readonly TemporaryDirectory _tree = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly StateLog _log = new();
    private readonly Dictionary<int, double> _opened = [];
    private string? _rival;

    public GenerationAgerTests()
    {
        _tree.Write("sys/kernel/mm/lru_gen/enabled", "0x0007\n");
        _tree.Write("sys/fs/cgroup/cgroup.procs", "");
        _tree.Write(Commands, "");
        _tree.Write("proc/loadavg", "0 0 0 1/1 1\n");
    }

    private double Elapsed => (_clock.GetUtcNow() - _clock.Start).TotalSeconds;

    [Theory]
    [InlineData(1, 3)]
    [InlineData(2, 4)]
    [InlineData(6, 12)]
    [InlineData(300, 12)]
    [InlineData(86_400, 12)]
    public void An_interval_has_turns(double interval, int count)
    {
        AgingTurns turns = AgingTurns.Of(TimeSpan.FromSeconds(interval));
        Assert.Equal((count, interval), (turns.Count, Math.Round((turns.Length * count).TotalSeconds, 3)));
        Assert.True(turns.DueAfter < turns.Length * count);
    }

    /// <summary>Whatever their number: each is aged once an interval, never after a longer time, and not all at once.</summary>
    [Theory]
    [InlineData(1, 60)]
    [InlineData(7, 60)]
    [InlineData(100, 60)]
    [InlineData(500, 300)]
    public void Each_group_is_aged_once_an_interval_and_they_are_spread_over_it(int groups, double interval)
    {
        Add(groups);
        using GenerationAger ager = Open(interval);
        List<(double At, int Group)> agings = Run(ager, interval * 4);
        Assert.Equal(agings.Count, ager.Agings);
        for (int group = 0; group < groups; group++)
        {
            double[] times = [.. agings.Where(aging => aging.Group == group).Select(static aging => aging.At)];
            Assert.InRange(times.Length, 3, 5);
            Assert.True(times[0] <= interval);
            Assert.All(times.Zip(times.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, interval * 0.75, interval * 1.001));
        }

        double turn = interval / 12;
        Assert.True(agings.GroupBy(aging => Math.Floor(aging.At / turn)).Max(static each => each.Count()) <= ((groups + 10) / 11 * 2));
        Assert.Equal(agings.Count, agings.DistinctBy(static aging => aging.At).Count());
        Assert.Equal(0, ager.Overdue);
    }

    [Fact]
    public void Who_is_aged_by_the_kernel_is_left_alone()
    {
        Add(2);
        using GenerationAger ager = Open(60);
        List<(double At, int Group)> agings = Run(ager, 300, () => _opened[1] = Elapsed);
        Assert.True(agings.Count(static aging => aging.Group == 0) >= 4);
        Assert.DoesNotContain(agings, static aging => aging.Group == 1 && aging.At > 0);
    }

    /// <summary>The clock stands in for a kernel that takes two seconds for each group.</summary>
    [Fact]
    public void At_most_a_tenth_of_the_time_goes_into_agings_and_who_is_late_is_counted()
    {
        Add(30);
        SlowClock clock = new(_clock, TimeSpan.FromSeconds(2), _tree[Commands]);
        using GenerationAger ager = Open(60, clock);
        Run(ager, 600);
        Assert.InRange(ager.Time.TotalSeconds, 40, 62);
        Assert.InRange(ager.Agings, 20, 31);
        Assert.InRange(ager.Overdue, 10, 30);
    }

    [Fact]
    public void A_change_of_state_is_one_line()
    {
        Add(1);
        using GenerationAger ager = Open(60);
        Assert.Equal(new MethodState("aging", MethodState.Unavailable, "not_begun"), ager.State);
        Run(ager, 30);
        Assert.Equal(MethodState.Works("aging"), ager.State);
        _tree.Write("sys/kernel/mm/lru_gen/enabled", "0x0000\n");
        Run(ager, 30);
        Assert.Equal(new MethodState("aging", MethodState.Unavailable, "switched_off"), ager.State);
        Assert.Equal(0, ager.Overdue);
        _tree.Write("sys/kernel/mm/lru_gen/enabled", "0x0007\n");
        (MeasuringLock? taken, _) = MeasuringLock.TryTakeBitmap(Paths, LockMode.Shared);
        Run(ager, 30);
        Assert.Equal(ProbeResult.InUse, ager.State.Reason);
        taken!.Dispose();
        Run(ager, 30);
        Assert.Equal(
            [
                "generations: every 1m control groups are aged, which tells how much of their memory is used",
                "control groups are not aged: the multi-generational LRU is switched off",
                "control groups are not aged: process ",
                "generations: every 1m control groups are aged, which tells how much of their memory is used",
            ],
            _log.Lines.Select(static line => line.Contains("process", StringComparison.Ordinal) ? line[..(line.IndexOf("process ", StringComparison.Ordinal) + 8)] : line));
    }

    [Fact]
    public void A_refusal_of_the_kernel_is_counted_and_said_once()
    {
        Add(1);
        File.Delete(_tree[Commands]);
        File.CreateSymbolicLink(_tree[Commands], "/proc/self/mem");
        using GenerationAger ager = Open(60);
        for (int turn = 0; turn < 20; turn++)
        {
            List();
            ager.Step();
            _clock.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.Equal(("failed", 20), (Assert.Single(ager.Failures).Key, ager.Failures[0].Value));
        Assert.Equal((0, "failed"), (ager.Agings, ager.State.Reason));
        Assert.Equal(2, _log.Lines.Count);
        Assert.Equal("control groups are not aged: the kernel refuses to age control groups (failed)", _log.Lines.Last());
    }

    [Fact]
    public void Beside_a_method_of_ours_nothing_is_aged()
    {
        Add(1);
        _rival = "page_idle";
        using GenerationAger ager = Open(60);
        Assert.Empty(Run(ager, 120));
        Assert.Equal(new MethodState("aging", MethodState.Unavailable, "page_idle"), ager.State);
        Assert.Equal(["control groups are not aged: the method page_idle takes the same accessed bits"], _log.Lines);
        Assert.Null(MeasuringLock.FindBitmapHolder(Paths, LockMode.Exclusive));
    }

    [Fact]
    public void The_bitmap_goes_before_aging_and_aging_before_referenced_bits()
    {
        List();
        AddReferenced();
        Assert.Equal(["page_idle unavailable no_kernel_option", "referenced on ok", "lru_gen on ok"], States(age: false));
        Assert.Equal(["page_idle unavailable no_kernel_option", "referenced unavailable aging", "lru_gen on ok", "aging unavailable not_begun"], States(age: true));
        AddBitmap();
        Assert.Equal(["page_idle on ok", "referenced available ok", "lru_gen on ok", "aging unavailable not_begun"], States(age: true));
    }

    [Fact]
    public void Where_nothing_can_be_aged_referenced_bits_are_taken()
    {
        List();
        AddReferenced();
        _tree.Write("sys/kernel/mm/lru_gen/enabled", "0x0001\n");
        Assert.Equal(["page_idle unavailable no_kernel_option", "referenced on ok", "lru_gen on ok", "aging unavailable not_begun"], States(age: true));
    }

    [Theory]
    [InlineData(WorkingSetMethod.Referenced)]
    [InlineData(WorkingSetMethod.Damon)]
    [InlineData(WorkingSetMethod.PageIdle)]
    public void A_method_by_name_and_aging_are_one_too_many(WorkingSetMethod method)
    {
        List();
        AddReferenced();
        AddBitmap();
        MeasuredHost host = Host(age: true);
        host.Options.WorkingSet.Method = method;
        UsageException refused = Assert.Throws<UsageException>(() => Make(host));
        Assert.Equal("--age-generations", refused.Thing);

        // Without working sets there is nothing to be in the way.
        host.Options.Readings.Of("working-set").Enabled = false;
        Make(host).Dispose();
    }

    [Fact]
    public void An_application_that_embeds_it_has_no_groups_aged_unless_it_reads_them()
    {
        List();
        AddReferenced();
        MeasuredHost host = new(Options(age: true), Paths, new HandleBudget(100)) { IsEmbedded = true };
        using (SamplingPipeline pipeline = Make(host))
        {
            Assert.DoesNotContain(pipeline.Services, static service => service is GenerationAger);
        }

        host.Options.Readings.Of("generations").Enabled = true;
        using SamplingPipeline asked = Make(host);
        Assert.Contains(asked.Services, static service => service is GenerationAger);
    }

    private KernelPaths Paths => new(_tree["proc"], _tree["sys"], _tree["run"]);

    private static MemSnoopOptions Options(bool age)
    {
        MemSnoopOptions options = new();
        options.Processes.All = true;
        options.Generations.Age = age;
        return options;
    }

    private MeasuredHost Host(bool age) => new(Options(age), Paths, new HandleBudget(100));

    private static SamplingPipeline Make(MeasuredHost host) => new(host, new Meter(SamplingPipeline.MeterName), NullLoggerFactory.Instance, TimeProvider.System);

    private string[] States(bool age)
    {
        List<string> states = [];
        using SamplingPipeline pipeline = Make(Host(age));
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, each) =>
        {
            if (instrument.Meter == pipeline.Meter && instrument.Name == "memsnoop.measurement.info")
            {
                each.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            Dictionary<string, object?> row = new(tags.ToArray());
            if (row["measurement"] is "working-set" or "generations")
            {
                states.Add($"{row["method"]} {row["state"]} {row["reason"]}");
            }
        });
        listener.Start();
        listener.RecordObservableInstruments();

        // The order of the catalogue has the generations first.
        return [.. states.Where(static state => state.StartsWith("page_idle", StringComparison.Ordinal) || state.StartsWith("referenced", StringComparison.Ordinal)),
            .. states.Where(static state => state.StartsWith("lru_gen", StringComparison.Ordinal) || state.StartsWith("aging", StringComparison.Ordinal))];
    }

    private void AddReferenced()
    {
        _tree.Write("proc/self/clear_refs", "");
        _tree.Write("proc/self/smaps", "");
        _tree.Write("sys/kernel/mm/numa/demotion_enabled", "false\n");
    }

    private void AddBitmap()
    {
        _tree.Write("sys/kernel/mm/page_idle/bitmap", "");
        _tree.Write("proc/kpageflags", "");
        _tree.Write("proc/self/pagemap", "");
    }

    private void Add(int groups)
    {
        for (int group = 0; group < groups; group++)
        {
            _tree.Write($"sys/fs/cgroup/{group}/cgroup.procs", "");
            _opened[group] = -1000;
        }
    }

    private void List() => _tree.Write(Listing, _opened.Count == 0
        ? "memcg 1 /\n node 0\n 3 1000 1 0\n"
        : string.Concat(_opened.Select(group => string.Create(
            CultureInfo.InvariantCulture, $"memcg {group.Key + 2} /{group.Key}\n node 0\n 3 {(Elapsed - group.Value) * 1000:F0} 1 0\n"))));

    private GenerationAger Open(double interval, TimeProvider? clock = null) =>
        new(HostAging.Open(Listed(), 1000), TimeSpan.FromSeconds(interval), () => _rival, clock ?? _clock, _log);

    private KernelPaths Listed()
    {
        List();
        return Paths;
    }

    /// <summary>Plays the kernel: an aging opens a generation.</summary>
    private List<(double At, int Group)> Run(GenerationAger ager, double seconds, Action? before = null)
    {
        List<(double At, int Group)> agings = [];
        double until = Elapsed + seconds;
        while (Elapsed < until)
        {
            before?.Invoke();
            List();
            File.WriteAllText(_tree[Commands], "");
            TimeSpan wait = ager.Step();
            if (File.ReadAllText(_tree[Commands]).Split(' ') is [_, string number, ..])
            {
                int group = int.Parse(number, CultureInfo.InvariantCulture) - 2;
                agings.Add((Elapsed, group));
                _opened[group] = Elapsed;
            }

            Assert.InRange(wait, TimeSpan.Zero, TimeSpan.FromHours(1));
            _clock.Advance(wait > TimeSpan.FromMilliseconds(1) ? wait : TimeSpan.FromMilliseconds(1));
        }

        return agings;
    }

    public void Dispose() => _tree.Dispose();

    /// <summary>A clock that goes on by some time with each command.</summary>
    private sealed class SlowClock(FakeTimeProvider clock, TimeSpan step, string commands) : TimeProvider
    {
        private bool _isTaken;

        public override long TimestampFrequency => clock.TimestampFrequency;

        public override long GetTimestamp()
        {
            bool isTaken = new FileInfo(commands).Length > 0;
            if (isTaken && !_isTaken)
            {
                clock.Advance(step);
            }

            _isTaken = isTaken;
            return clock.GetTimestamp();
        }

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();
    }
}
