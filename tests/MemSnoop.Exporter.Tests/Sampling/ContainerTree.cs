using System.Diagnostics.Metrics;
using System.Globalization;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Hosting;
using MemSnoop.Metrics.Sampling;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Exporter.Tests.Sampling;

/// <summary>A host of plain files, with processes in control groups and a kubelet's links to logs; and what is published of it.</summary>
internal sealed class ContainerTree : IDisposable
{
    internal const string A = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    internal const string B = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
    internal const string Uid = "11112222-3333-4444-5555-666677778888";

    private readonly TemporaryDirectory _tree = new();

    public ContainerTree()
    {
        Options.Processes.All = true;
        Options.Readings.DisableDefaults = true;
        Options.Readings.Of("statm").Enabled = true;
        Options.Readings.Interval = TimeSpan.Zero;
        Options.Containers.LogDirectory = _tree["logs"];
        Directory.CreateDirectory(_tree["logs"]);
        _tree.Write("proc/stat", "btime 1\n");
        Directory.CreateDirectory(_tree["sys"]);
        AddProcess(1, "init", "0::/");
    }

    public MemSnoopOptions Options { get; } = new();

    public FakeTimeProvider Clock { get; } = new();

    public string this[string relative] => _tree[relative];

    public string Write(string relative, string text) => _tree.Write(relative, text);

    public void AddProcess(int pid, string comm, string cgroup, int residentPages = 100, uint flags = 1)
    {
        // 52 fields of stat, of which those that are read here are right: the state, the parent, the flags, the start time, the size.
        _tree.Write($"proc/{pid}/stat", $"{pid} ({comm}) S 0 1 1 1 1 {flags} {string.Join(' ', Enumerable.Repeat("1", 12))} {100 + pid} 4096000 {residentPages} {string.Join(' ', Enumerable.Repeat("1", 28))}\n");
        _tree.Write($"proc/{pid}/statm", "1000 100 50 10 0 200 0\n");
        _tree.Write($"proc/{pid}/cgroup", cgroup + "\n");
    }

    public void RemoveProcess(int pid) => Directory.Delete(_tree[$"proc/{pid}"], recursive: true);

    public string LinkPath(string id, string container) => _tree[$"logs/web_shop_{container}-{id}.log"];

    public void Link(string id, string container) => File.CreateSymbolicLink(LinkPath(id, container), $"/var/log/pods/shop_web_{Uid}/{container}/0.log");

    public MeasuredHost Host() => new(Options, new KernelPaths(_tree["proc"], _tree["sys"], _tree["run"]), new HandleBudget(0));

    public void Dispose() => _tree.Dispose();

    /// <summary>A pipeline, and what a listener of its meter hears.</summary>
    public sealed class Observed : IDisposable
    {
        private readonly MeterListener _listener = new();
        private Dictionary<int, Dictionary<string, string>> _labels = [];

        private readonly FakeTimeProvider _clock;

        public Observed(ContainerTree test)
            : this(test.Host(), test.Clock)
        {
        }

        public Observed(MeasuredHost host, FakeTimeProvider clock)
        {
            _clock = clock;
            Meter meter = new(SamplingPipeline.MeterName);
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter == meter && instrument.Name is "memsnoop.process.memory.resident" or "memsnoop.container_names.info")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) =>
            {
                Dictionary<string, string> labels = tags.ToArray().ToDictionary(static tag => tag.Key, static tag => string.Create(CultureInfo.InvariantCulture, $"{tag.Value}"));
                if (labels.TryGetValue("pid", out string? pid))
                {
                    _labels.Add(int.Parse(pid, CultureInfo.InvariantCulture), labels);
                }
                else
                {
                    Sources.Add($"{labels["source"]} {labels["state"]} {labels["reason"]}");
                }
            });
            _listener.Start();
            Pipeline = new SamplingPipeline(host, meter, NullLoggerFactory.Instance, clock);
            Pipeline.Begin();
        }

        public SamplingPipeline Pipeline { get; }

        public List<string> Sources { get; } = [];

        /// <summary>The labels of each process in one collection, which is two seconds later than the one before.</summary>
        public Dictionary<int, Dictionary<string, string>> Read()
        {
            _clock.Advance(TimeSpan.FromSeconds(2));
            _labels = [];
            Sources.Clear();
            Pipeline.CollectionNumber.Begin();
            _listener.RecordObservableInstruments();
            return _labels;
        }

        public void Dispose()
        {
            _listener.Dispose();
            Pipeline.Dispose();
        }
    }
}
