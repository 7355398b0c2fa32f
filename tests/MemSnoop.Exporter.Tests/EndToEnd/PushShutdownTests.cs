using System.Diagnostics;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>The end of the program: the last interval is pushed, and no receiver can hold the end up for long.</summary>
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
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
        OtlpMessage first = await receiver.MessageAsync(static _ => true);
        await puppet.TellAsync("burn 200");
        Assert.Single(receiver.Requests);

        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
        Assert.Equal(2, receiver.Taken);
        OtlpMessage last = receiver.Messages()[1];
        Assert.Equal([puppet.Pid], last.Pids("memsnoop.process.memory.resident"));
        Assert.True(CpuTime(last, puppet) - CpuTime(first, puppet) >= 0.19, "The last 200 ms of work are missing.");
    }

    [Theory]
    [InlineData("grpc", "1s", 1)]
    [InlineData("http/protobuf", "1s", 1)]
    [InlineData("grpc", "2m", 5)]
    [InlineData("http/protobuf", "2m", 5)]
    public async Task A_receiver_that_hangs_holds_up_the_end_for_the_timeout_and_for_five_seconds_at_most(string protocol, string timeout, int seconds)
    {
        using Workload puppet = await Workload.StartAsync("puppet");
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await receiver.AnswerAsync(delay: TimeSpan.FromMinutes(5));
        await using ExporterProcess exporter = await StartAsync(receiver, protocol, puppet, "1h", "--otlp.timeout", timeout);

        await AssertEndsWithinAsync(exporter, $"{protocol}, hangs, timeout {timeout}", TimeSpan.FromSeconds(seconds));
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

        await AssertEndsWithinAsync(exporter, $"{protocol}, down, timeout 2s", TimeSpan.FromSeconds(2));
    }

    private static double CpuTime(OtlpMessage message, Workload workload) => message.Of("memsnoop.process.cpu.time", workload.Pid).Sum(static point => point.Value);

    private async Task AssertEndsWithinAsync(ExporterProcess exporter, string what, TimeSpan bound)
    {
        await using ExporterProcess silent = await ExporterProcess.StartAsync(["--name", "^none$"]);
        TimeSpan anyway = await EndAsync(silent);
        TimeSpan took = await EndAsync(exporter);
        output.WriteLine($"{what}: ended after {took.TotalSeconds:F2} s; one that does not push after {anyway.TotalSeconds:F2} s");

        // A second that the push is given beyond its bound, one for chance, and what an end takes anyway, which on a busy machine is much.
        Assert.True(took < bound + TimeSpan.FromSeconds(2) + (5 * anyway), $"It ended only after {took}; one that does not push after {anyway}.");
    }

    private static async Task<TimeSpan> EndAsync(ExporterProcess exporter)
    {
        long started = Stopwatch.GetTimestamp();
        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
        return Stopwatch.GetElapsedTime(started);
    }

    private static Task<ExporterProcess> StartAsync(OtlpReceiver receiver, string protocol, Workload workload, string interval, params string[] more) =>
        ExporterProcess.StartAsync(
        [
            "--pid", $"{workload.Pid}", "--interval", "0s", "--no-collector.working-set",
            "--otlp", (protocol == "grpc" ? receiver.Grpc : receiver.Http).ToString(), "--otlp.protocol", protocol, "--otlp.interval", interval, .. more,
        ]);
}
