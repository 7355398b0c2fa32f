using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Descriptors;
using System.Text.RegularExpressions;
using MemSnoop.Exporter.Configuration;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Tests.Commands;

public class PrecedenceTests
{
    [Fact]
    public void Defaults_are_as_documented()
    {
        ExporterOptions options = new CommandLineRun().Options();
        Assert.False(options.Processes.HasSelection);
        Assert.True(options.Processes.Children);
        Assert.Equal(2000, options.Processes.MaxProcesses);
        Assert.Equal(TimeSpan.FromSeconds(5), options.Readings.Interval);
        Assert.False(IsEnabled(options, "smaps"));
        Assert.False(options.AreCountersEnabled);
        Assert.Equal((0, "auto"), (options.Counters.Events.Count, options.Counters.Provider));
        Assert.Equal(["counters", "info", "oom", "smaps"], MeasurementCatalogue.Published.Where(measurement => !measurement.IsEnabled(options)).Select(static measurement => measurement.Name).Order());
        Assert.False(options.Groups.AreOn);
        Assert.Equal((int.MaxValue, 0, 0), (options.Series.PerProcess, options.Series.Max, options.Series.InfoLabels.Count));
        Assert.Equal(TimeSpan.FromSeconds(60), options.WorkingSet.Interval);
        Assert.Equal(WorkingSetMethod.Auto, options.WorkingSet.Method);
        Assert.Equal(4L << 30, options.WorkingSet.ReferencedMaxResident);
        Assert.Equal(["0s", "30s", "1m", "2m", "5m", "10m", "30m", "1h"], options.WorkingSet.IdleAges.Select(Duration.Format));
        Assert.Equal([new ListenAddress("0.0.0.0", 9464)], options.Web.Listen);
        Assert.Equal(("/metrics", 40, 300L), (options.Web.TelemetryPath, options.Web.MaxRequests, options.Web.CacheDuration.Milliseconds));
        Assert.Equal(("/proc", "/sys"), (options.Kernel.ProcFs, options.Kernel.SysFs));
        Assert.Equal((LogLevel.Information, LogFormat.Logfmt), (options.Log.Level, options.Log.Format));
    }

    [Theory]
    [InlineData(false, false, false, "5s")]
    [InlineData(true, false, false, "1m")]
    [InlineData(true, true, false, "2m")]
    [InlineData(true, true, true, "3m")]
    [InlineData(true, false, true, "3m")]
    [InlineData(false, true, false, "2m")]
    public void The_command_line_wins_over_the_environment_over_the_file(bool inFile, bool inEnvironment, bool inOption, string expected)
    {
        using var file = new TemporaryFile(inFile ? """{ "MemSnoop": { "Readings": { "Interval": "1m" } } }""" : "{}");
        CommandLineRun run = inEnvironment ? new(("MemSnoop__Readings__Interval", "2m")) : new();
        string[] arguments = ["--config", file.Path, .. inOption ? ["--interval", "3m"] : Array.Empty<string>()];
        Assert.Equal(expected, Duration.Format(run.Options(arguments).Readings.Interval));
    }

    [Fact]
    public void A_stronger_list_replaces_a_weaker_one()
    {
        using var file = new TemporaryFile("""{ "MemSnoop": { "Processes": { "Pids": [1, 2, 3], "Names": ["a", "b"] } } }""");
        ExporterOptions options = new CommandLineRun(("MemSnoop__Processes__Names__0", "c")).Options("--config", file.Path, "--pid", "9");
        Assert.Equal([9], options.Processes.Pids);
        Assert.Equal(["c"], options.Processes.Names.Select(name => name.ToString()));
    }

    [Fact]
    public void A_weaker_value_is_checked_though_it_is_overridden()
    {
        UsageException wrong = Assert.Throws<UsageException>(() => new CommandLineRun(("MemSnoop__Readings__Interval", "fast")).Options("--interval", "1s"));
        Assert.Equal("MemSnoop__Readings__Interval", wrong.Thing);
    }

    [Fact]
    public void Every_kind_of_value_comes_through_from_a_file()
    {
        using var file = new TemporaryFile("""
            {
              // Comments and trailing commas are welcome.
              "MemSnoop": {
                "Processes": { "Users": ["root"], "Cgroups": ["/system.slice/**"], "PodLabels": ["app=web,!debug"], "Children": false, "MinResident": "10MiB",
                  "MaxProcesses": 7, "ContainerLabels": true, "UnitLabel": false, },
                "Groups": { "By": "{{.ExeBase}}", "Match": ["x"] },
                "Series": { "PerProcess": "TOP=9", "Max": 50000, "InfoLabels": ["app=--app=(\\S+)"] },
                "Containers": { "LogDirectory": "/logs", "Cri": "unix:///run/crio/crio.sock", "Kubelet": "https://[::1]:10250", "KubeletTokenFile": "/token", "KubeletCertificate": "/ca.crt", "KubeletInsecure": true,
                  "KubernetesApi": "https://10.96.0.1", "KubernetesApiTokenFile": "/api-token", "KubernetesApiCertificate": "/api.crt", "NodeName": "node-1" },
                "Readings": { "DisableDefaults": true, "Measurements": { "smaps": { "Enabled": true, "Interval": "1m" }, "statm": { "Enabled": true } } },
                "Disks": { "Include": "^nvme", "Exclude": "p1$" },
                "WorkingSet": { "Interval": "30s", "Method": "referenced", "ReferencedMaxResident": "1GiB", "IdleAges": ["0", "1m"] },
                "Web": { "Listen": ["[::1]:1", ":2"], "TelemetryPath": "/m", "MaxRequests": 0, "CacheDuration": "0",
                  "ScopeLabels": true, "CreatedSeries": true, "DisableExporterMetrics": true, "DisablePage": true },
                "log": { "LEVEL": "Debug", "Format": "json" }
              }
            }
            """);
        ExporterOptions options = new CommandLineRun().Options("--config", file.Path);
        Assert.Equal([0u], options.Processes.Users);
        Assert.Equal(["/system.slice/**"], options.Processes.Cgroups);
        Assert.Equal(["app=web,!debug"], options.Processes.PodLabels);
        Assert.Equal(
            (false, 10L << 20, 7, (bool?)true, (bool?)false),
            (options.Processes.Children, options.Processes.MinResident, options.Processes.MaxProcesses, options.Processes.ContainerLabels, options.Processes.UnitLabel));
        Assert.Equal(
            ("/logs", new Uri("https://[::1]:10250"), "/token", "/ca.crt", true),
            (options.Containers.LogDirectory, options.Containers.Kubelet, options.Containers.KubeletTokenFile, options.Containers.KubeletCertificate, options.Containers.KubeletInsecure));
        Assert.Equal(("{{.ExeBase}}", "x"), (options.Groups.By, Assert.Single(options.Groups.Match).ToString()));
        Assert.Equal((9, 50_000), (options.Series.PerProcess, options.Series.Max));
        Assert.Equal([("app", @"--app=(\S+)")], options.Series.InfoLabels.Select(static label => (label.Key, label.Value.ToString())));
        Assert.Equal(["statm", "smaps", "info"], MeasurementCatalogue.Published.Where(measurement => measurement.IsEnabled(options)).Select(static measurement => measurement.Name));
        Assert.Equal("/run/crio/crio.sock", options.Containers.CriSocket);
        Assert.Equal(
            (new Uri("https://10.96.0.1"), "/api-token", "/api.crt", "node-1"),
            (options.Containers.KubernetesApiEndpoint, options.Containers.KubernetesApiTokenFile, options.Containers.KubernetesApiCertificate, options.Containers.Node));
        Assert.Equal((60d, 5d), (options.Readings.IntervalOf("smaps").TotalSeconds, options.Readings.IntervalOf("statm").TotalSeconds));
        Assert.Equal((true, false, false), (options.Disks.IsWatched("nvme0n1"), options.Disks.IsWatched("nvme0n1p1"), options.Disks.IsWatched("sda")));
        Assert.Equal((WorkingSetMethod.Referenced, 2), (options.WorkingSet.Method, options.WorkingSet.IdleAges.Count));
        Assert.Equal(["[::1]:1", ":2"], options.Web.Listen.Select(address => address.ToString()));
        Assert.Equal(("/m", 0, 0L), (options.Web.TelemetryPath, options.Web.MaxRequests, options.Web.CacheDuration.Milliseconds));
        Assert.True(options.Web.ScopeLabels && options.Web.CreatedSeries && options.Web.DisableExporterMetrics && options.Web.DisablePage);
        Assert.Equal((LogLevel.Debug, LogFormat.Json), (options.Log.Level, options.Log.Format));
    }

    [Fact]
    public void Every_setting_can_be_set_by_its_variable()
    {
        using TemporaryFile yaml = new("process_names: [{ comm: [x] }]");

        // A value that each setting takes, by what stands for it in the help.
        var values = new Dictionary<string, string>
        {
            ["PID,..."] = "7",
            ["REGEX"] = "x",
            ["USER"] = "7",
            ["GLOB"] = "/x",
            ["PATTERN"] = "x-*",
            ["SELECTOR"] = "x=y,!z",
            ["BOOL"] = "true",
            ["SIZE"] = "7",
            ["COUNT"] = "7",
            ["DURATION"] = "7s",
            ["DURATION,..."] = "0s,7s",
            ["METHOD"] = "referenced",
            ["KIND,..."] = "heap,writable",
            ["PAGES"] = "700",
            ["PERCENT"] = "7%",
            ["NAME,..."] = "page-faults,PAPI_TOT_INS",
            ["PROVIDER"] = "perf_event_open",
            ["ADDRESS"] = "[::1]:7",
            ["PATH"] = "/x",
            ["DIRECTORY"] = "/proc/.",
            ["LEVEL"] = "error",
            ["FORMAT"] = "json",
            ["URL"] = "https://x:7",
            ["PROTOCOL"] = "grpc",
            ["NAME=VALUE"] = "x=y",
            ["NAME=REGEX"] = "x=y(.)",
            ["PROCESSES"] = "top=7",
            ["TEMPLATE"] = "{{.Comm}}",
            ["YAML"] = yaml.Path,
            ["TEMPORALITY"] = "delta",
            ["NAMES"] = "semconv",
            ["STYLE"] = "utf8",
            ["COMPRESSION"] = "gzip",
            ["FILE"] = "/proc/stat",
            ["TEXT"] = "x",
            ["NAME"] = "x",
            ["SOCKET"] = "unix:///x",
        };
        // What some settings want beside them.
        (string Name, string Value)[] others = [("MemSnoop__Containers__Kubelet", "https://x:7"), ("NODE_NAME", "x")];
        Assert.All(ExporterSettings.Catalogue.All, setting =>
        {
            string value = values[setting.Placeholder];
            string name = setting.Path.Replace(":", "__", StringComparison.Ordinal).Replace('-', '_');
            ExporterOptions options = new CommandLineRun([(name, value), .. others.Where(other => other.Name != name)]).Options();
            Assert.Equal(value, setting.Describe(options));
        });
    }

    [Fact]
    public void Numbered_variables_keep_the_order_of_their_numbers()
    {
        (string, string)[] variables = [.. Enumerable.Range(0, 12).Reverse().Select(i => ($"MemSnoop__Processes__Pids__{i}", $"{i + 100}"))];
        Assert.Equal(Enumerable.Range(100, 12), new CommandLineRun(variables).Options().Processes.Pids);
    }

    [Fact]
    public void Empty_and_foreign_variables_are_passed_over() =>
        Assert.Equal(
            "5s",
            Duration.Format(new CommandLineRun(("MemSnoop__Readings__Interval", ""), ("MEMSNOOP_INTERVAL", "x"), ("PATH", "/bin")).Options().Readings.Interval));

    [Theory]
    [InlineData("127.0.0.1", null, "127.0.0.1:9464")]
    [InlineData(null, "9100", "0.0.0.0:9100")]
    [InlineData("::1", "9100", "[::1]:9100")]
    [InlineData("localhost", "", "localhost:9464")]
    public void The_variables_of_OpenTelemetry_count(string? host, string? port, string expected) =>
        Assert.Equal(
            expected,
            new CommandLineRun(("OTEL_EXPORTER_PROMETHEUS_HOST", host ?? ""), ("OTEL_EXPORTER_PROMETHEUS_PORT", port ?? "")).Options().Web.Listen.Single().ToString());

    [Fact]
    public void The_variables_of_OpenTelemetry_stand_below_our_file()
    {
        using var file = new TemporaryFile("""{ "MemSnoop": { "Web": { "Listen": [":1"] } } }""");
        Assert.Equal(":1", new CommandLineRun(("OTEL_EXPORTER_PROMETHEUS_PORT", "2")).Options("--config", file.Path).Web.Listen.Single().ToString());
    }

    [Theory]
    [InlineData("10.96.0.1", "443", "https://10.96.0.1/")]
    [InlineData("10.96.0.1", null, "https://10.96.0.1/")]
    [InlineData("fd00::1", "6443", "https://[fd00::1]:6443/")]
    public void In_Kubernetes_variables_name_the_API_server_and_the_node(string host, string? port, string url)
    {
        ContainersOptions containers = new CommandLineRun(("KUBERNETES_SERVICE_HOST", host), ("KUBERNETES_SERVICE_PORT", port ?? ""), ("NODE_NAME", "node-1"))
            .Options("--kubernetes-api", "auto").Containers;
        Assert.Equal((url, "node-1"), (containers.KubernetesApiEndpoint?.AbsoluteUri, containers.Node));
        Assert.Null(new CommandLineRun(("KUBERNETES_SERVICE_HOST", host)).Options().Containers.KubernetesApiEndpoint);
    }

    [Theory]
    [InlineData("a b", "443", "node-1", "--kubernetes-api")]
    [InlineData("10.96.0.1", "x", "node-1", "--kubernetes-api")]
    [InlineData("10.96.0.1", "443", "Node", "NODE_NAME")]
    public void What_Kubernetes_does_not_say_so_is_an_error(string host, string port, string node, string thing)
    {
        CommandLineRun run = new(("KUBERNETES_SERVICE_HOST", host), ("KUBERNETES_SERVICE_PORT", port), ("NODE_NAME", node));
        Assert.Equal(thing, Assert.Throws<UsageException>(() => run.Options("--kubernetes-api", "auto")).Thing);
    }

    [Fact]
    public void Repeated_options_add_up_in_their_order()
    {
        ExporterOptions options = new CommandLineRun().Options(
            "--pid", "3", "--pid=1,2", "--name", "^a$", "--listen", ":1", "--web.listen-address", ":2", "--no-children", "--collector.smaps", "--no-collector.stat");
        Assert.Equal([3, 1, 2], options.Processes.Pids);
        Assert.Equal("^a$", options.Processes.Names.Single().ToString());
        Assert.Equal([":1", ":2"], options.Web.Listen.Select(address => address.ToString()));
        Assert.False(options.Processes.Children);
        Assert.True(options.Processes.HasSelection);
        Assert.True(IsEnabled(options, "smaps"));
        Assert.False(IsEnabled(options, "stat"));
    }

    [Theory]
    [InlineData(true, "--event", "page-faults")]
    [InlineData(true, "--event", "page-faults", "--collector.disable-defaults")]
    [InlineData(false, "--event", "page-faults", "--no-collector.counters")]
    [InlineData(true, "--collector.counters")]
    [InlineData(false)]
    public void Counters_are_on_when_events_are_named_unless_they_are_switched_off(bool expected, params string[] arguments) =>
        Assert.Equal(expected, new CommandLineRun().Options(arguments).AreCountersEnabled);

    [Theory]
    [InlineData(true, "--info-label", "app=(x)")]
    [InlineData(true, "--info-label", "app=(x)", "--collector.disable-defaults")]
    [InlineData(false, "--info-label", "app=(x)", "--no-collector.info")]
    [InlineData(true, "--collector.info")]
    [InlineData(false)]
    public void Naming_a_label_switches_the_info_on(bool expected, params string[] arguments) =>
        Assert.Equal(expected, IsEnabled(new CommandLineRun().Options(arguments), "info"));

    [Theory]
    [InlineData("off", 0)]
    [InlineData("All", int.MaxValue)]
    [InlineData("top=1", 1)]
    [InlineData("top=2147483646", 2147483646)]
    public void Processes_with_series_are_none_all_or_a_number(string text, int expected) =>
        Assert.Equal(expected, new CommandLineRun().Options("--per-process", text).Series.PerProcess);

    [Fact]
    public void Events_remember_where_they_were_written()
    {
        using var file = new TemporaryFile("{ \"MemSnoop\": { \"Counters\": { \"Provider\": \"PERF_EVENT_OPEN\",\n\"Events\": [\"a::b:c=1\", \"d\"] } } }");
        ExporterOptions options = new CommandLineRun().Options("--config", file.Path);
        Assert.Equal("perf_event_open", options.Counters.Provider);
        Assert.Equal(
            [("a::b:c=1", $"{file.Path}:2: MemSnoop:Counters:Events:0"), ("d", $"{file.Path}:2: MemSnoop:Counters:Events:1")],
            Events(options.Counters));
        Assert.Equal([("x", "--event"), ("y", "--event")], Events(new CommandLineRun().Options("--event", "x,y", "--config", file.Path).Counters));

        static IEnumerable<(string, string)> Events(CountersOptions counters) => counters.Events.Select(name => (name, CountersSettings.SourceOf(counters, name)));
    }

    [Fact]
    public void Expressions_are_matched_in_linear_time() =>
        Assert.All(
            new CommandLineRun().Options("--name", "(a+)+$").Processes.Names,
            name => Assert.True(name.Options.HasFlag(RegexOptions.NonBacktracking)));

    [Theory]
    [InlineData("sda", true)]
    [InlineData("sda1", false)]
    [InlineData("nvme0n1", true)]
    [InlineData("nvme0n1p2", false)]
    [InlineData("mmcblk0", true)]
    [InlineData("mmcblk0p1", false)]
    [InlineData("vda", true)]
    [InlineData("xvda1", false)]
    [InlineData("loop0", false)]
    [InlineData("ram0", false)]
    [InlineData("zram0", false)]
    [InlineData("fd0", false)]
    [InlineData("dm-0", true)]
    [InlineData("md0", true)]
    public void Disks_are_watched_and_partitions_are_not(string device, bool watched) => Assert.Equal(watched, new DisksOptions().IsWatched(device));

    private static bool IsEnabled(ExporterOptions options, string measurement) =>
        MeasurementCatalogue.Published.Single(descriptor => descriptor.Name == measurement).IsEnabled(options);
}
