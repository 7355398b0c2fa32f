using MemSnoop.Exporter.Tests.Prometheus;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Pushed to a real gRPC server, which decodes every message by OpenTelemetry's own protocol files.</summary>
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
public class PushByGrpcTests(ITestOutputHelper output)
{
    private const int Messages = 10;

    // Instrument, Prometheus name, temporality.
    private static readonly (string Instrument, string Series, string Temporality)[] Expected =
    [
        ("memsnoop.process.memory.resident", Series.Resident, ""),
        ("memsnoop.process.memory.virtual", "memsnoop_process_memory_virtual_bytes", ""),
        ("memsnoop.process.start_time", "memsnoop_process_start_time_seconds", ""),
        ("memsnoop.process.threads", "memsnoop_process_threads", ""),
        ("memsnoop.process.cpu.time", "memsnoop_process_cpu_time_seconds_total", "CUMULATIVE"),
        ("memsnoop.process.page_faults", "memsnoop_process_page_faults_total", "CUMULATIVE"),
        ("memsnoop.process.io.characters", "memsnoop_process_io_characters_bytes_total", "CUMULATIVE"),
        ("memsnoop.process.context_switches", "memsnoop_process_context_switches_total", "CUMULATIVE"),
    ];

    [Fact]
    public async Task Every_message_has_every_process_with_the_values_of_a_scrape_and_the_resource_of_target_info()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        using Workload puppet = await Workload.StartAsync("puppet");
        await puppet.TellAsync("name \"a\\{b}=#");
        await puppet.TellAsync("burn 50");
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();

        // One reading for ever: what is scraped and what is pushed is then the same, whenever that is.
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            [
                "--pid", $"{touch.Pid}", "--pid", $"{puppet.Pid}", "--interval", "1d", "--working-set-interval", "1s",
                "--otlp", receiver.Grpc.ToString(), "--otlp.protocol", "grpc", "--otlp.interval", "500ms", "--otlp.header", "x-tenant=a b",
            ],
            ["env", "OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=test"]);
        await receiver.MessageAsync(message => message.Points.Any(static point => point.Metric == "memsnoop.process.working_set"), after: Messages);
        Scrape scrape = await exporter.ScrapeAsync();

        Assert.All(receiver.Requests, static request => Assert.Equal(("grpc", 0), (request.Protocol, request.Status)));
        OtlpMessage[] messages = [.. receiver.Messages()];
        Assert.All(messages, message =>
        {
            Assert.Equal("a b", message.Headers["x-tenant"]);
            Assert.Equal([touch.Pid, puppet.Pid], message.Pids("memsnoop.process.memory.resident").Order());
            Assert.Equal(Resource(messages[0]), Resource(message));
        });

        OtlpMessage last = messages[^1];
        Assert.Equal("test", last.Resource["deployment.environment.name"]);
        Assert.All(
            ["service.name", "service.instance.id", "service.version", "host.name", "os.type"],
            name => Assert.False(string.IsNullOrEmpty(last.Resource.GetValueOrDefault(name)), $"{name} is missing in {string.Join(' ', last.Resource)}"));
        ExpositionSample info = Assert.Single(scrape.Of("target_info"));
        Assert.Equal(Resource(last), info.Labels.Select(static label => $"{label.Key}={label.Value}").Order(StringComparer.Ordinal));

        foreach ((string instrument, string series, string temporality) in Expected)
        {
            foreach (int pid in new[] { touch.Pid, puppet.Pid })
            {
                OtlpPoint[] points = [.. last.Of(instrument, pid)];
                Assert.NotEmpty(points);
                Assert.All(points, point => Assert.Equal((instrument, temporality), (instrument, point.Temporality)));
                Assert.Equal(
                    scrape.Of(series, pid).Select(static sample => sample.Number).Order(),
                    points.Select(static point => point.Value).Order());
            }
        }

        Assert.Equal("\"a\\{b}=#", last.Of("memsnoop.process.memory.resident", puppet.Pid).Single().Attributes["comm"]);
        output.WriteLine(
            $"{receiver.Taken} messages of {receiver.Requests.Average(static request => request.Bytes):F0} bytes, {last.Points.Count} points in the last; resource: {string.Join(' ', Resource(last))}");
    }

    // As labels of target_info: dots become underscores.
    private static IEnumerable<string> Resource(OtlpMessage message) =>
        message.Resource.Select(static pair => $"{pair.Key.Replace('.', '_')}={pair.Value}").Order(StringComparer.Ordinal);
}
