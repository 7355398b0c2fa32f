using System.Diagnostics.Metrics;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using MemSnoop.Exporter.Tests.Containers;
using MemSnoop.Metrics.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace MemSnoop.Exporter.Tests.Sampling;

/// <summary>What is published of the control groups of containers, on a host of plain files.</summary>
public sealed class ContainerCgroupSeriesTests : IDisposable
{
    private const string Pod = "kubepods/burstable/pod" + ContainerTree.Uid;
    private readonly ContainerTree _tree = new();

    public ContainerCgroupSeriesTests()
    {
        _tree.Options.Processes.ContainerLabels = true;
        _tree.Options.Readings.Of("container-cgroup").Enabled = true;
        Write("cgroup.controllers", "memory\n");
        Write("cgroup.procs", "");
    }

    [Fact]
    public void A_container_has_its_numbers_under_its_names()
    {
        AddContainer(10, ContainerTree.A, "nginx");
        using Heard heard = new(_tree);
        string labels = $"container=nginx,container_id={ContainerTree.A}";
        string tail = "namespace=shop,pod=web";
        Assert.Equal(
            [
                $"events{{{labels},event=high,{tail}}} 2",
                $"events{{{labels},event=low,{tail}}} 1",
                $"events{{{labels},event=max,{tail}}} 3",
                $"events{{{labels},event=oom,{tail}}} 4",
                $"events{{{labels},event=oom_kill,{tail}}} 5",
                $"high{{{labels},{tail}}} 400",
                $"kernel{{{labels},{tail}}} 11",
                $"limit{{{labels},{tail}}} 500",
                $"pressure{{{labels},{tail},type=full}} 1",
                $"pressure{{{labels},{tail},type=some}} 2.5",
                $"reclaimable{{{labels},kind=active_file,{tail}}} 30",
                $"reclaimable{{{labels},kind=inactive_file,{tail}}} 20",
                $"reclaimable{{{labels},kind=slab,{tail}}} 5",
                $"refaults{{{labels},{tail},type=anon}} {2 * Environment.SystemPageSize}",
                $"refaults{{{labels},{tail},type=file}} {3 * Environment.SystemPageSize}",
                $"swap{{{labels},{tail}}} 7",
                $"usage{{{labels},{tail}}} 300",
                $"zswap{{{labels},{tail}}} 6",
            ],
            heard.Collect());
        Assert.All(heard.Info, static row => Assert.EndsWith(" on ok", row, StringComparison.Ordinal));
        Assert.Equal(11, heard.Info.Count);
    }

    [Fact]
    public void What_this_kernel_does_not_have_has_no_series_and_a_reason()
    {
        AddContainer(10, ContainerTree.A, "nginx");
        File.Delete(_tree[$"sys/fs/cgroup/{Pod}/{ContainerTree.A}/memory.pressure"]);
        File.WriteAllText(_tree[$"sys/fs/cgroup/{Pod}/{ContainerTree.A}/memory.events"], "max three\n");
        using Heard heard = new(_tree);
        string[] series = heard.Collect();
        Assert.Equal(11, series.Length);
        Assert.DoesNotContain(series, static line => line.StartsWith("pressure", StringComparison.Ordinal) || line.StartsWith("events", StringComparison.Ordinal));
        Assert.Contains("pressure unavailable not_supported", heard.Info);
        Assert.Contains("events unavailable malformed", heard.Info);
        Assert.Contains("usage on ok", heard.Info);

        // Listeners of other tests may make it read more than once.
        Assert.StartsWith("malformed ", Assert.Single(heard.Errors), StringComparison.Ordinal);
        Assert.Empty(heard.Skips);
        Assert.Equal(0, heard.Success);
    }

    [Fact]
    public void A_container_ends_with_its_group_and_keeps_its_names_until_then()
    {
        AddContainer(10, ContainerTree.A, "nginx");
        AddContainer(11, ContainerTree.B, "side-car");
        using Heard heard = new(_tree);
        Assert.Equal(36, heard.Collect().Length);

        _tree.RemoveProcess(11);
        string[] series = heard.Collect();
        Assert.Equal(18, series.Count(static line => line.Contains("container=side-car", StringComparison.Ordinal)));

        Directory.Delete(_tree[$"sys/fs/cgroup/{Pod}/{ContainerTree.B}"], recursive: true);
        series = heard.Collect();
        Assert.Equal(18, series.Length);
        Assert.DoesNotContain(series, static line => line.Contains(ContainerTree.B, StringComparison.Ordinal));
        Assert.Equal(1, heard.Success);
    }

    [Fact]
    public void Two_groups_of_one_id_are_one_container()
    {
        AddContainer(10, ContainerTree.A, "nginx");
        AddGroup($"docker/{ContainerTree.A}");
        using Heard heard = new(_tree);
        Assert.Equal(18, heard.Collect().Length);
    }

    [Fact]
    public void Without_a_container_nothing_is_opened()
    {
        // A group that looks like a container's and has no watched process.
        AddGroup($"docker/{ContainerTree.A}");
        using Heard heard = new(_tree);
        Assert.Empty(heard.Collect());
        Assert.Equal(["cgroup on ok"], heard.Info);
        Assert.Null(heard.Success);
        Assert.DoesNotContain(OpenFiles(), path => path.StartsWith(_tree["sys"], StringComparison.Ordinal));

        AddProcess(10, ContainerTree.A);
        Assert.Equal(18, heard.Collect().Length);
        Assert.Contains(OpenFiles(), path => path.StartsWith(_tree["sys"], StringComparison.Ordinal));
    }

    /// <summary>The links tell names and no requests, so the kubelet is asked for a container that comes later too.</summary>
    [Fact]
    public async Task Requests_are_asked_of_the_kubelet_even_where_links_have_the_names()
    {
        using TestAuthority authority = new("cluster");
        using X509Certificate2 certificate = authority.IssueForServer("127.0.0.1");
        await using TestKubelet kubelet = await TestKubelet.StartAsync(certificate);
        File.WriteAllText(_tree["token"], kubelet.Token);
        _tree.Options.Containers.Kubelet = kubelet.Url;
        _tree.Options.Containers.KubeletInsecure = true;
        _tree.Options.Containers.KubeletTokenFile = _tree["token"];
        kubelet.Pods = Pods(ContainerTree.A, "nginx", "128Mi");
        AddContainer(10, ContainerTree.A, "nginx");
        using Heard heard = new(_tree);
        foreach (BackgroundService service in heard.Services)
        {
            await service.StartAsync(TestContext.Current.CancellationToken);
        }

        await Eventually.HoldsAsync(() => Task.FromResult(HasRequest(ContainerTree.A, "nginx", 128 << 20)));
        kubelet.Pods = Pods(ContainerTree.B, "side-car", "1M");
        AddContainer(11, ContainerTree.B, "side-car");
        await Eventually.HoldsAsync(() => Task.FromResult(HasRequest(ContainerTree.B, "side-car", 1_000_000)));

        // Slowly: a request to the kubelet must be answered within ten seconds of this clock, on a machine that may be busy.
        bool HasRequest(string id, string name, int bytes) =>
            heard.CollectAfter(TimeSpan.FromMilliseconds(100)).Contains($"request{{container={name},container_id={id},namespace=shop,pod=web}} {bytes}");

        static string Pods(string id, string name, string request) => $$$$"""
            {"items":[{"metadata":{"name":"web","namespace":"shop","uid":"{{{{ContainerTree.Uid}}}}"},
              "spec":{"containers":[{"name":"{{{{name}}}}","resources":{"requests":{"memory":"{{{{request}}}}"}}}]},
              "status":{"containerStatuses":[{"name":"{{{{name}}}}","containerID":"containerd://{{{{id}}}}"}]}}]}
            """;
    }

    [Fact]
    public void Without_labels_of_containers_it_is_off()
    {
        AddContainer(10, ContainerTree.A, "nginx");
        _tree.Options.Processes.ContainerLabels = false;
        using Heard heard = new(_tree);
        Assert.Empty(heard.Collect());
        Assert.Equal(["cgroup off no_container_labels"], heard.Info);
    }

    [Fact]
    public void Without_a_hierarchy_there_is_a_reason()
    {
        AddContainer(10, ContainerTree.A, "nginx");
        Directory.Delete(_tree["sys/fs"], recursive: true);
        using Heard heard = new(_tree);
        Assert.Empty(heard.Collect());
        Assert.Equal(["cgroup unavailable no_control_groups"], heard.Info);
        Assert.Equal(0, heard.Success);
    }

    private static IEnumerable<string> OpenFiles() => new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos().Select(static file => file.LinkTarget ?? "");

    private void AddContainer(int pid, string id, string name)
    {
        AddProcess(pid, id);
        AddGroup($"{Pod}/{id}");
        _tree.Link(id, name);
    }

    private void AddProcess(int pid, string id) => _tree.AddProcess(pid, "program", $"0::/{Pod}/{id}");

    private void AddGroup(string group)
    {
        Write($"{group}/memory.current", "300\n");
        Write($"{group}/memory.max", "500\n");
        Write($"{group}/memory.high", "400\n");
        Write($"{group}/memory.swap.current", "7\n");
        Write($"{group}/memory.events", "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\n");
        Write($"{group}/memory.pressure", "some total=2500000\nfull total=1000000\n");
        Write($"{group}/memory.stat", "kernel 10\nsock 1\nzswap 6\ninactive_file 20\nactive_file 30\nslab_reclaimable 5\nworkingset_refault_anon 2\nworkingset_refault_file 3\n");
    }

    private void Write(string relative, string text)
    {
        string path = _tree[$"sys/fs/cgroup/{relative}"];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    public void Dispose() => _tree.Dispose();

    /// <summary>A pipeline, and what a listener of its meter hears of containers.</summary>
    private sealed class Heard : IDisposable
    {
        private const string Prefix = "memsnoop.container.memory.";

        private readonly ContainerTree _tree;
        private readonly MeterListener _listener = new();
        private readonly SamplingPipeline _pipeline;
        private readonly List<string> _series = [];

        public Heard(ContainerTree tree)
        {
            _tree = tree;
            Meter meter = new(SamplingPipeline.MeterName);
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter == meter && (instrument.Name.StartsWith(Prefix, StringComparison.Ordinal) || instrument.Name.StartsWith("memsnoop.measurement.", StringComparison.Ordinal)))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument.Name, value, tags));
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument.Name, value, tags));
            _listener.Start();
            _pipeline = new SamplingPipeline(tree.Host(), meter, NullLoggerFactory.Instance, tree.Clock);
            _pipeline.Begin();
        }

        public IEnumerable<BackgroundService> Services => _pipeline.Services;

        public List<string> Info { get; } = [];

        public List<string> Errors { get; } = [];

        public List<string> Skips { get; } = [];

        public double? Success { get; private set; }

        public string[] Collect() => CollectAfter(TimeSpan.FromSeconds(2));

        public string[] CollectAfter(TimeSpan time)
        {
            _tree.Clock.Advance(time);
            _series.Clear();
            Info.Clear();
            Errors.Clear();
            Skips.Clear();
            Success = null;
            _pipeline.CollectionNumber.Begin();
            _listener.RecordObservableInstruments();
            return [.. _series.Order(StringComparer.Ordinal)];
        }

        private void Note(string instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            Dictionary<string, string> labels = tags.ToArray().ToDictionary(static tag => tag.Key, static tag => string.Create(CultureInfo.InvariantCulture, $"{tag.Value}"));
            if (instrument.StartsWith(Prefix, StringComparison.Ordinal))
            {
                // The order of the attributes counts too: who publishes them does not sort.
                string text = string.Join(',', tags.ToArray().Select(static tag => $"{tag.Key}={tag.Value}"));
                _series.Add(string.Create(CultureInfo.InvariantCulture, $"{instrument[Prefix.Length..]}{{{text}}} {value}"));
            }
            else if (labels.GetValueOrDefault("measurement") == "container-cgroup")
            {
                switch (instrument)
                {
                    case "memsnoop.measurement.info":
                        Info.Add($"{labels["method"]} {labels["state"]} {labels["reason"]}");
                        break;
                    case "memsnoop.measurement.errors":
                        Errors.Add($"{labels["reason"]} {value:F0}");
                        break;
                    case "memsnoop.measurement.skipped":
                        Skips.Add($"{labels["reason"]} {value:F0}");
                        break;
                    case "memsnoop.measurement.success":
                        Success = value;
                        break;
                }
            }
        }

        public void Dispose()
        {
            _listener.Dispose();
            _pipeline.Dispose();
        }
    }
}
