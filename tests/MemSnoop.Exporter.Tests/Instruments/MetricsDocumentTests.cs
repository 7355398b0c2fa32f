using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using System.Diagnostics.Metrics;
using System.Globalization;
using MemSnoop.Exporter.Collector;
using MemSnoop.Exporter.Commands;
using MemSnoop.Exporter.Diagnostics;
using MemSnoop.Exporter.Hosting;
using MemSnoop.Exporter.Otlp;
using MemSnoop.Exporter.Web;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Prometheus;
using MemSnoop.Metrics.Descriptors;
using MemSnoop.Metrics.Hosting;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Exporter.Tests.EndToEnd;
using Microsoft.Extensions.Logging.Abstractions;

namespace MemSnoop.Exporter.Tests.Instruments;

/// <summary>Holds <c>docs/metrics.md</c> and the code together, both ways. Alone on the machine, since it listens to all meters of the process.</summary>
[Collection(EndToEndCollection.Name)]
public class MetricsDocumentTests
{
    /// <summary>Instruments that a collection may have nothing for, and why.</summary>
    private static readonly Dictionary<string, string> Absent = new()
    {
        ["memsnoop.process.block_io_delay"] = "the kernel does not account for delays by default",
        ["memsnoop.measurement.errors"] = "nothing has failed",
        ["memsnoop.measurement.pass_started"] = "no pass is under way",
        ["memsnoop.deprecated.info"] = "no deprecated name is used",
        ["memsnoop.series.limit"] = "the number of series is not limited",
        ["memsnoop.series.left_out"] = "the number of series is not limited",
        ["memsnoop.otlp.duration"] = "nothing has been pushed",
        ["memsnoop.process.untracked"] = "only the idle bitmap tells which pages it does not cover",
        ["memsnoop.process.counter.running_ratio"] = "the kernel's own events never take turns",
        ["memsnoop.process.working_set.lower"] = "nothing disturbed the windows",
        ["memsnoop.process.working_set.upper"] = "nothing disturbed the windows",
        ["memsnoop.working_set.next_window"] = "no schedule runs",
        ["memsnoop.working_set.ages.info"] = "only the idle bitmap keeps marks while no exporter runs",
        ["memsnoop.cgroup.generation"] = "this kernel may have no multi-generational LRU",
        ["memsnoop.cgroups.dropped"] = "this kernel may have no multi-generational LRU",
        ["memsnoop.cgroups.dropped_memory"] = "this kernel may have no multi-generational LRU",
        ["memsnoop.cgroup.agings"] = "nobody has asked for agings",
        ["memsnoop.cgroup.aging_time"] = "nobody has asked for agings",
        ["memsnoop.cgroup.agings_failed"] = "nobody has asked for agings",
        ["memsnoop.cgroups.overdue"] = "nobody has asked for agings",
        ["memsnoop.container.working_set.lower"] = "only the idle bitmap tells pages of containers apart",
        ["memsnoop.container.working_set.upper"] = "only the idle bitmap tells pages of containers apart",
        ["memsnoop.container.working_set"] = "only the idle bitmap tells pages of containers apart",
        ["memsnoop.container.idle"] = "only the idle bitmap tells pages of containers apart",
        ["memsnoop.group.working_set.lower"] = "only the idle bitmap counts a page of a group once",
        ["memsnoop.group.working_set.upper"] = "only the idle bitmap counts a page of a group once",
        ["memsnoop.group.working_set"] = "only the idle bitmap counts a page of a group once",
        ["memsnoop.group.idle"] = "only the idle bitmap counts a page of a group once",
        ["memsnoop.container.memory.used"] = "only the idle bitmap tells which frames were used",
        ["memsnoop.container.memory.used.lower"] = "only the idle bitmap tells which frames were used",
        ["memsnoop.container.memory.used.upper"] = "only the idle bitmap tells which frames were used",
        ["memsnoop.container.memory.idle"] = "only the idle bitmap tells which frames were used",
        ["memsnoop.process.working_set.error"] = "all memory is measured",
        ["memsnoop.container.working_set.error"] = "all memory is measured",
        ["memsnoop.group.working_set.error"] = "all memory is measured",
        ["memsnoop.container.memory.used.error"] = "all memory is measured",
        ["memsnoop.cpu_budget.limit"] = "there is no budget",
        ["memsnoop.cpu_budget.used"] = "there is no budget",
        ["memsnoop.cpu_budget.needed"] = "there is no budget",
        ["memsnoop.process.reaccessed"] = "only the idle bitmap tells which pages were idle",
        ["memsnoop.process.reaccessed.doubtful"] = "only the idle bitmap tells which pages were idle",
        ["memsnoop.container.reaccessed"] = "only the idle bitmap tells which pages were idle",
        ["memsnoop.container.reaccessed.doubtful"] = "only the idle bitmap tells which pages were idle",
        ["memsnoop.container.memory.limit"] = "the container has no limit",
        ["memsnoop.container.memory.request"] = "no kubelet is asked",
        ["memsnoop.container.memory.high"] = "the container has no such bound",
        ["memsnoop.container.memory.zswap"] = "control groups of version 1 do not tell",
        ["memsnoop.container.memory.pressure"] = "control groups of version 1 have no pressure",
    };

    [Fact]
    public async Task Every_instrument_has_a_row_and_every_row_an_instrument()
    {
        await using Observed observed = await Observed.MakeAsync();
        Assert.Equal(MetricsDocument.Rows.Keys.Order(), observed.Instruments.Keys.Order());
        foreach ((string name, Instrument instrument) in observed.Instruments)
        {
            MetricsRow row = MetricsDocument.Rows[name];
            bool isCounter = instrument.GetType().GetGenericTypeDefinition() == typeof(ObservableCounter<>);
            MetricName prometheus = MetricName.From(name, instrument.Unit, isCounter ? InstrumentKind.Counter : InstrumentKind.Gauge);
            Assert.Equal(
                (name, isCounter ? "counter" : "gauge", instrument.Unit ?? "", prometheus.Sample),
                (name, row.Kind, row.Unit, row.Prometheus));
            Assert.NotEqual("", row.Meaning);
            Assert.False(string.IsNullOrEmpty(instrument.Description), $"{name} has no description.");
        }
    }

    [Fact]
    public async Task No_two_instruments_claim_one_name() // B6, G3 to G6, C11 of the exposition rules
    {
        await using Observed observed = await Observed.MakeAsync();
        Assert.All(observed.Instruments.Keys, static name => Assert.Matches("^[a-zA-Z][a-zA-Z0-9_./-]{0,254}$", name));
        (MetricName Name, bool IsCounter)[] families = [.. observed.Instruments.Values.Select(static instrument =>
        {
            bool isCounter = instrument.GetType().GetGenericTypeDefinition() == typeof(ObservableCounter<>);
            return (MetricName.From(instrument.Name, instrument.Unit, isCounter ? InstrumentKind.Counter : InstrumentKind.Gauge), isCounter);
        })];
        string[] text = ["target_info", .. families.Select(static family => family.Name.Sample)];
        string[] openMetrics =
        [
            "target", "target_info",
            .. families.SelectMany(static family => (string[])(family.IsCounter
                ? [family.Name.Family, family.Name.Sample, family.Name.Family + "_created"]
                : [family.Name.Family])),
        ];
        Assert.Equal(text.Distinct(), text);
        Assert.Equal(openMetrics.Distinct(), openMetrics);
    }

    [Fact]
    public async Task Every_measurement_has_a_section_with_its_own_instruments()
    {
        await using Observed observed = await Observed.MakeAsync();
        Assert.Subset(MetricsDocument.Rows.Values.Select(static row => row.Section).ToHashSet(), MeasurementCatalogue.Published.Select(static measurement => measurement.Name).ToHashSet());
        foreach ((string name, Instrument instrument) in observed.Instruments)
        {
            string section = MetricsDocument.Rows[name].Section;
            bool isMeasurement = MeasurementCatalogue.Published.Any(measurement => measurement.Name == section);
            Assert.Equal((name, observed.MeasurementOf(instrument)), (name, isMeasurement ? section : null));
        }
    }

    [Fact]
    public async Task Labels_of_a_real_collection_are_those_that_are_documented()
    {
        await using Observed observed = await Observed.MakeAsync();
        foreach ((string name, MetricsRow row) in MetricsDocument.Rows)
        {
            if (!observed.Labels.TryGetValue(name, out Dictionary<string, HashSet<string>>? seen))
            {
                Assert.True(Absent.ContainsKey(name), $"{name} has no measurement.");
                continue;
            }

            // Of every process, and said once above the tables.
            bool isOfProcess = row.Labels.ContainsKey("pid") && name != "memsnoop.process.dropped_resident";
            foreach (string label in ((string[])["container", "container_id", "namespace", "pod", "unit"]).Except(row.Labels.Keys))
            {
                Assert.Equal((name, label, isOfProcess), (name, label, seen.Remove(label)));
            }

            Assert.Equal((name, string.Join(", ", row.Labels.Keys.Order())), (name, string.Join(", ", seen.Keys.Order())));
            foreach ((string label, string[] values) in row.Labels.Where(static label => label.Value.Length > 0))
            {
                Assert.Subset(values.ToHashSet(), seen[label]);
            }
        }
    }

    /// <summary>A pipeline with everything on, over a few real processes, and what a listener heard of it.</summary>
    private sealed class Observed : IAsyncDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly Workload _idler;
        private readonly Cgroup _container;
        private readonly Reloads _reloads = new(static () => null);
        private readonly SamplingPipeline _pipeline;
        private readonly SelfMeter _self;

        private Observed(Workload idler)
        {
            _idler = idler;
            _container = Cgroup.Make(idler.Pid, $"docker/{new string('d', 64)}");
            ExporterOptions options = new();
            options.Processes.Pids = [idler.Pid];
            options.Processes.MaxProcesses = 2;
            options.Processes.ContainerLabels = true;
            options.Processes.UnitLabel = true;
            options.Groups.By = "name";
            options.WorkingSet.MaxStall = TimeSpan.FromMinutes(1);
            options.WorkingSet.ProcessReaccessed = true;
            options.Counters.Events = ["page-faults", "task-clock"];
            foreach (PublishedMeasurementDescriptor measurement in MeasurementCatalogue.Published)
            {
                options.Readings.Of(measurement.Name).Enabled = true;
            }

            // What is created while this listens to its thread belongs to this pipeline: tests beside it are shut out.
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name is SamplingPipeline.MeterName or SelfMeter.MeterName)
                {
                    Instruments.Add(instrument.Name, instrument);
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Note(instrument, tags));
            _listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Note(instrument, tags));
            _listener.Start();
            _pipeline = new SamplingPipeline(
                new MeasuredHost(options, new KernelPaths(), new HandleBudget(1000)), new Meter(SamplingPipeline.MeterName), NullLoggerFactory.Instance, TimeProvider.System);
            OtlpInstruments.Create(_pipeline.Scope(null), new PushLedger());
            ReloadService.CreateInstruments(_pipeline.Scope(null), _reloads);
            RefusalCounts refusals = new();
            HttpInstruments.Create(_pipeline.Scope(null), new ConnectionTable(1, refusals, TimeProvider.System), refusals);
            _self = new SelfMeter(new HandleBudget(1000));
        }

        public Dictionary<string, Instrument> Instruments { get; } = [];

        public Dictionary<string, Dictionary<string, HashSet<string>>> Labels { get; } = [];

        public string? MeasurementOf(Instrument instrument) => _pipeline.MeasurementOf(instrument);

        public static async Task<Observed> MakeAsync()
        {
            Observed observed = new(await Workload.StartAsync("idler", "--processes", "3"));

            // The first pass begins windows, the second ends them; the second collection knows how the first fared.
            for (int i = 0; i < 2; i++)
            {
                observed._pipeline.Services.OfType<WindowSampler>().Single().SampleOnce();
                observed._pipeline.CollectionNumber.Begin();
                observed._listener.RecordObservableInstruments();
            }

            return observed;
        }

        private void Note(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (!Labels.TryGetValue(instrument.Name, out Dictionary<string, HashSet<string>>? labels))
            {
                Labels.Add(instrument.Name, labels = []);
            }

            foreach ((string key, object? value) in tags)
            {
                if (!labels.TryGetValue(key, out HashSet<string>? values))
                {
                    labels.Add(key, values = []);
                }

                values.Add(string.Create(CultureInfo.InvariantCulture, $"{value}"));
            }
        }

        public ValueTask DisposeAsync()
        {
            _listener.Dispose();
            _self.Dispose();
            _pipeline.Dispose();
            _reloads.Dispose();
            _container.Dispose();
            _idler.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
