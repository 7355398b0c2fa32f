using MemSnoop.Metrics.Hosting;
using System.Diagnostics.Metrics;
using System.Runtime.Versioning;
using MemSnoop.Exporter.Tests.EndToEnd;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Metrics;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.WorkingSets.PageIdle;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace MemSnoop.Exporter.Tests.Embedding;

/// <summary>An application that measures itself: what it publishes, and what is left of it when it ends.</summary>
[SupportedOSPlatform("linux")]
[Collection(EndToEndCollection.Name)] // its meters are heard, and hear others, in the whole process
public sealed class EmbeddingTests : IDisposable
{
    private const string Bitmap = "sys/kernel/mm/page_idle/bitmap";
    private const string Info = "memsnoop.measurement.info";

    private readonly TemporaryDirectory _tree = new();

    [Fact]
    public async Task Without_a_selection_it_measures_itself_alone()
    {
        using Workload child = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        using EmbeddedHost host = await EmbeddedHost.StartAsync(services => services.AddMemSnoop(Every100Milliseconds));
        SaidList said = await ObserveUntilAsync(host, "memsnoop.process.working_set");
        Assert.Equal([Environment.ProcessId], said.Select(static each => each.Pid).OfType<int>().Distinct());
        Assert.Equal(1, Value(said, "memsnoop.processes.watched"));
        Assert.All(host.Instruments, static instrument => Assert.Equal((MemSnoopMeter.Name, BuildInfo.Version), (instrument.Meter.Name, instrument.Meter.Version)));
    }

    [Fact]
    public async Task What_is_selected_is_measured_instead()
    {
        using Workload other = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        using EmbeddedHost host = await EmbeddedHost.StartAsync(services => services.AddMemSnoop(options => options.Processes.Pids = [other.Pid]));
        Assert.Equal([other.Pid], host.Observe().Select(static each => each.Pid).OfType<int>().Distinct());
    }

    [Fact]
    public async Task Added_twice_it_is_one_set_of_instruments()
    {
        string[] onceNames;
        using (EmbeddedHost once = await EmbeddedHost.StartAsync(static services => services.AddMemSnoop()))
        {
            onceNames = [.. once.Instruments.Select(static instrument => instrument.Name).Order()];
        }

        using EmbeddedHost twice = await EmbeddedHost.StartAsync(services =>
            services.AddMemSnoop(Every100Milliseconds).AddMemSnoop(static options => options.Readings.Of("smaps").Enabled = true).AddMemSnoop());
        string[] names = [.. twice.Instruments.Select(static instrument => instrument.Name)];
        Assert.Equal(names.Distinct(), names);
        Assert.Equal(
            onceNames,
            names.Where(static name => name is not ("memsnoop.process.memory.proportional" or "memsnoop.process.memory.swap" or "memsnoop.process.memory.swap_proportional" or "memsnoop.process.memory.huge")).Order());

        // Both delegates applied: smaps is measured, and the first window is over long before a minute.
        SaidList said = await ObserveUntilAsync(twice, "memsnoop.process.working_set");
        Assert.Single(said, static each => each.Instrument == "memsnoop.process.memory.proportional");
        Assert.Single(twice.Application.Services.GetServices<IHostedService>());
    }

    [Fact]
    public async Task A_host_that_stops_gives_back_the_lock_of_the_bitmap()
    {
        WriteBitmap();
        using (EmbeddedHost host = await EmbeddedHost.StartAsync(Add))
        {
            Assert.Equal("on", State(host.Observe(), PageIdleEstimator.MethodName));
            Assert.Equal(ProbeResult.InUse, PageIdleEstimator.Probe(Paths).Reason);
            await host.Application.StopAsync(TestContext.Current.CancellationToken);
        }

        Assert.True(PageIdleEstimator.Probe(Paths).IsSupported);
    }

    [Fact]
    public async Task An_application_that_never_stops_its_host_and_disposes_of_it_gives_it_back_too()
    {
        WriteBitmap();
        EmbeddedHost host = await EmbeddedHost.StartAsync(Add);
        Task observing = Task.Run(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                host.Observe();
            }
        }, TestContext.Current.CancellationToken);
        host.Application.Dispose();
        await observing;
        Assert.True(PageIdleEstimator.Probe(Paths).IsSupported);
        Assert.Empty(host.Observe());
        host.Dispose();
    }

    [Fact]
    public async Task Where_another_program_has_the_bitmap_nothing_takes_the_bits_from_under_it()
    {
        WriteBitmap();
        using PageIdleEstimator other = PageIdleEstimator.Open(Paths, new WorkingSets.EstimatorOptions(), TimeProvider.System);
        using EmbeddedHost host = await EmbeddedHost.StartAsync(Add);
        SaidList said = host.Observe();
        Assert.Equal(("unavailable", "unavailable"), (State(said, PageIdleEstimator.MethodName), State(said, "referenced")));
        Assert.Contains(said, static each => each.Instrument == Info && each.Attributes["reason"] == ProbeResult.InUse);
        Assert.DoesNotContain(host.Instruments, static instrument => instrument.Name == "memsnoop.process.working_set");
    }

    [Fact]
    public async Task A_method_that_does_not_work_here_is_absent_with_its_reason_and_the_application_runs_on()
    {
        using EmbeddedHost host = await EmbeddedHost.StartAsync(services => services.AddMemSnoop(options =>
        {
            // Its own directory, and so surely without a bitmap.
            options.Kernel.SysFs = _tree.Root;
            options.Kernel.RunDir = _tree["run"];
            options.WorkingSet.Method = WorkingSetMethod.PageIdle;
        }));
        SaidList said = host.Observe();
        Assert.Equal("unavailable", State(said, PageIdleEstimator.MethodName));
        Assert.Contains(said, static each => each.Instrument == Info && each.Attributes["reason"] == "hidden");
        Assert.Contains(said, static each => each.Instrument == "memsnoop.process.memory.resident");
        Assert.DoesNotContain(host.Instruments, static instrument => instrument.Name == "memsnoop.process.working_set");
    }

    [Fact]
    public async Task Without_rights_the_reasons_are_said_and_what_may_be_read_is_there()
    {
        using Workload foreign = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        WriteBitmap();
        Unprivileged.Run(() =>
        {
            MemSnoopOptions options = new();
            options.Processes.Pids = [foreign.Pid];
            options.Kernel.SysFs = _tree["sys"];
            options.Kernel.RunDir = _tree["run"];
            using Meter meter = new(MemSnoopMeter.Name, null, null, this);
            List<Said> said = [];
            using MeterListener listener = new()
            {
                InstrumentPublished = (instrument, listener) =>
                {
                    if (instrument.Meter.Scope == this)
                    {
                        listener.EnableMeasurementEvents(instrument);
                    }
                },
            };
            listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
                said.Add(new Said(instrument.Name, tags.ToArray().ToDictionary(static tag => tag.Key, static tag => $"{tag.Value}"), value)));
            listener.Start();
            using SamplingPipeline pipeline = new(
                new MeasuredHost(options, new KernelPaths("/proc", _tree["sys"], _tree["run"]), HandleBudget.Shared) { IsEmbedded = true }, meter, NullLoggerFactory.Instance, TimeProvider.System);
            pipeline.Services.OfType<WindowSampler>().SingleOrDefault()?.SampleOnce();
            listener.RecordObservableInstruments();
            Assert.Equal("unavailable", State(said, PageIdleEstimator.MethodName));
            Assert.Contains(said, static each => each.Instrument == Info && each.Attributes["reason"] == "no_capability");
            Assert.Equal(foreign.Pid, Assert.Single(said, static each => each.Instrument == "memsnoop.process.memory.resident").Pid);
            Assert.DoesNotContain(said, static each => each.Instrument is "memsnoop.process.working_set" or "memsnoop.process.io.syscalls");
            foreach (string measurement in (string[])["working-set", "process-io"])
            {
                Assert.Contains(said, each => each.Instrument == "memsnoop.measurement.skipped" && each.Attributes["measurement"] == measurement && each.Attributes["reason"] == "denied");
            }
        });
    }

    [Fact]
    public async Task In_a_pid_namespace_of_its_own_it_finds_itself_by_the_link_self()
    {
        Directory.CreateDirectory(_tree["proc"]);
        _tree.Write("proc/stat", "btime 1\n");
        File.CreateSymbolicLink(_tree["proc/self"], "4711");
        ProcessesOptions options = new();
        KernelPaths paths = new(_tree["proc"]);
        Assert.Equal([4711], Selections.From(options, paths, naming: null).Pids);
        Assert.False(Selections.From(options, paths, naming: null).IncludeChildren);

        // A procfs of a namespace that does not have this process has no such link, and any number would be somebody else's.
        File.Delete(_tree["proc/self"]);
        Assert.Empty(Selections.From(options, paths, naming: null).Pids);
        using EmbeddedHost host = await EmbeddedHost.StartAsync(services => services.AddMemSnoop(options => options.Kernel.ProcFs = _tree["proc"]));
        Assert.Equal(0, Value(host.Observe(), "memsnoop.processes.watched"));
    }

    [Fact]
    public async Task OpenTelemetry_exports_it_by_one_call()
    {
        Kept exported = new();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMemSnoopInstrumentation(Every100Milliseconds)
            .AddMemSnoopInstrumentation()
            .AddReader(new BaseExportingMetricReader(exported)));
        using IHost host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        MeterProvider provider = host.Services.GetRequiredService<MeterProvider>();
        await Eventually.ReachesAsync(
            () => provider.ForceFlush() ? exported.Points : [],
            points => points.Any(static point => point.Instrument == "memsnoop.process.working_set"));
        Assert.InRange(Assert.Single(exported.Points, static point => point.Instrument == "memsnoop.process.memory.resident").Value, 1 << 20, Environment.WorkingSet * 2);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void OpenTelemetry_without_a_host_is_told_what_is_missing()
    {
        InvalidOperationException missing = Assert.Throws<InvalidOperationException>(static () =>
            Sdk.CreateMeterProviderBuilder().AddMemSnoopInstrumentation().Build().Dispose());
        Assert.Contains("needs a host", missing.Message, StringComparison.Ordinal);
        Assert.Contains("services.AddOpenTelemetry().WithMetrics", missing.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _tree.Dispose();

    /// <summary>An exporter that keeps what was last given to it: integers alone have a value here.</summary>
    private sealed class Kept : BaseExporter<Metric>
    {
        public SaidList Points { get; private set; } = [];

        public override ExportResult Export(in Batch<Metric> batch)
        {
            SaidList points = [];
            foreach (Metric metric in batch)
            {
                foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
                {
                    Dictionary<string, string> attributes = [];
                    foreach ((string key, object? value) in point.Tags)
                    {
                        attributes.Add(key, $"{value}");
                    }

                    points.Add(new Said(metric.Name, attributes, metric.MetricType switch
                    {
                        MetricType.LongGauge => point.GetGaugeLastValueLong(),
                        MetricType.LongSum or MetricType.LongSumNonMonotonic => point.GetSumLong(),
                        _ => double.NaN,
                    }));
                }
            }

            Points = points;
            return ExportResult.Success;
        }
    }

    // The proc root of this machine, on which processes are, and a bitmap that is a file.
    // With a run directory of its own: locks are about the host, which other tests measure meanwhile.
    private KernelPaths Paths => new(SysRoot: _tree["sys"], RunDirectory: _tree["run"]);

    private void Every100Milliseconds(MemSnoopOptions options)
    {
        options.Kernel.RunDir = Paths.RunDirectory;
        options.WorkingSet.Interval = TimeSpan.FromMilliseconds(100);

        // This process is large, and on a busy machine a pass over it may lose the processor for longer than the default allows: it would be left out.
        options.WorkingSet.MaxStall = TimeSpan.FromMinutes(1);
    }

    private void Add(IServiceCollection services) => services.AddMemSnoop(options =>
    {
        options.Kernel.SysFs = Paths.SysRoot;
        Every100Milliseconds(options);
    });

    private void WriteBitmap()
    {
        // As the kernel has it: root's alone, in directories that everybody may list.
        File.SetUnixFileMode(_tree.Write(Bitmap, ""), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        foreach (string directory in Directory.EnumerateDirectories(_tree.Root, "*", SearchOption.AllDirectories).Append(_tree.Root))
        {
            File.SetUnixFileMode(directory, (UnixFileMode)0b111_101_101);
        }
    }

    private static string State(IEnumerable<Said> said, string method) =>
        Assert.Single(said, each => each.Instrument == Info && each.Attributes["measurement"] == "working-set" && each.Attributes["method"] == method).Attributes["state"];

    private static double Value(IEnumerable<Said> said, string instrument) => Assert.Single(said, each => each.Instrument == instrument).Value;

    /// <summary>Observes until the instrument says something; each look is a collection of its own only after five seconds, which none of these waits for in vain.</summary>
    private static Task<SaidList> ObserveUntilAsync(EmbeddedHost host, string instrument) =>
        Eventually.ReachesAsync(host.Observe, said => said.Any(each => each.Instrument == instrument));
}
