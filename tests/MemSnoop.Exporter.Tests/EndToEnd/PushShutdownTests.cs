using System.Diagnostics;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>The end of the program: the last interval is pushed, and no receiver can hold the end up for long.</summary>
[Collection(EndToEndCollection.Name)]
public class PushShutdownTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("grpc")]
    [InlineData("http/protobuf")]
    public async Task What_was_measured_since_the_last_push_is_pushed_at_the_end(string protocol)
    {
        using Workload puppet = await Workload.StartAsync("puppet");
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await using ExporterProcess exporter = await StartAsync(receiver, protocol, puppet, "1h");
        await puppet.TellAsync("burn 100");
        Assert.Empty(receiver.Requests);

        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
        OtlpMessage message = Assert.Single(receiver.Messages());
        Assert.Equal([puppet.Pid], message.Pids("memsnoop.process.memory.resident"));
        Assert.True(message.Of("memsnoop.process.cpu.time", puppet.Pid).Sum(static point => point.Value) >= 0.09, "The last 100 ms of work are missing.");
    }

    [Theory]
    [InlineData("grpc", "2s")]
    [InlineData("http/protobuf", "2s")]
    [InlineData("http/protobuf", "10s")]
    public async Task A_receiver_that_hangs_holds_up_the_end_for_the_timeout_at_most(string protocol, string timeout)
    {
        using Workload puppet = await Workload.StartAsync("puppet");
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await receiver.AnswerAsync(delay: TimeSpan.FromMinutes(5));
        await using ExporterProcess exporter = await StartAsync(receiver, protocol, puppet, "1h", "--otlp.timeout", timeout);

        await AssertEndsWithinAsync(exporter, protocol, timeout);
    }

    [Theory]
    [InlineData("grpc")]
    [InlineData("http/protobuf")]
    public async Task Nor_does_one_that_is_not_there(string protocol)
    {
        using Workload puppet = await Workload.StartAsync("puppet");
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await receiver.StopAsync();
        await using ExporterProcess exporter = await StartAsync(receiver, protocol, puppet, "1s", "--otlp.timeout", "2s");
        await exporter.ScrapeUntilAsync(static scrape => scrape.Value("memsnoop_otlp_exports_total", ("outcome", "failure")) > 0);

        await AssertEndsWithinAsync(exporter, protocol, "2s");
    }

    private async Task AssertEndsWithinAsync(ExporterProcess exporter, string protocol, string timeout)
    {
        long started = Stopwatch.GetTimestamp();
        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        output.WriteLine($"{protocol}, timeout {timeout}: ended after {took.TotalSeconds:F2} s");

        // The rest is what an end takes anyway, on a machine that is busy.
        Assert.True(took < TimeSpan.FromSeconds(int.Parse(timeout.AsSpan(..^1), System.Globalization.CultureInfo.InvariantCulture) + 5), $"It ended only after {took}.");
    }

    private static Task<ExporterProcess> StartAsync(OtlpReceiver receiver, string protocol, Workload workload, string interval, params string[] more) =>
        ExporterProcess.StartAsync(
        [
            "--pid", $"{workload.Pid}", "--interval", "0s", "--no-collector.working-set",
            "--otlp", (protocol == "grpc" ? receiver.Grpc : receiver.Http).ToString(), "--otlp.protocol", protocol, "--otlp.interval", interval, .. more,
        ]);
}
