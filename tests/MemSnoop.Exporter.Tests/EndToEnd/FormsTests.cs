using System.Text.Json;
using System.Text.RegularExpressions;
using MemSnoop.Exporter.Tests.Commands;
using MemSnoop.Exporter.Tests.Report;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>The program as a native binary, which all other tests of this folder run, and as built for the runtime: both say the same.</summary>
[Collection(EndToEndCollection.Name)]
public partial class FormsTests
{
    /// <summary>What the texts of two runs have apart: numbers, and how many spaces align them.</summary>
    [GeneratedRegex("[0-9.]+| +")]
    private static partial Regex Numbers { get; }

    [Fact]
    public async Task Built_for_the_runtime_it_scrapes_pushes_and_has_working_sets()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "60", "--hot", "20");
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            [
                "--pid", $"{touch.Pid}", "--working-set-interval", "1s", "--interval", "0s",
                "--otlp", receiver.Grpc.ToString(), "--otlp.protocol", "grpc", "--otlp.interval", "500ms",
            ],
            ExporterProcess.Uncached, Repository.FrameworkDependent);
        Scrape scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Has(Series.WorkingSet, touch.Pid));
        Assert.InRange(scrape.Value(Series.Resident, touch.Pid), 60 * Series.MB, 64 * Series.MB);
        OtlpMessage message = await receiver.MessageAsync(static message => message.Points.Any(static point => point.Metric == "memsnoop.process.working_set"), after: 1);
        Assert.Equal([touch.Pid], message.Pids("memsnoop.process.memory.resident"));
        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
    }

    [Theory]
    [InlineData("--version")]
    [InlineData("--help")]
    [InlineData("trace", "--help")]
    [InlineData("check")]
    [InlineData("events")]
    [InlineData("completion", "zsh")]
    [InlineData("--help-man", "5")]
    public async Task Both_print_the_same(params string[] arguments)
    {
        CommandResult native = await Command.TryRunAsync(Repository.Executable, arguments, ExporterProcess.Deadline);
        CommandResult managed = await Command.TryRunAsync(Repository.FrameworkDependent, arguments, ExporterProcess.Deadline);
        Assert.Equal((managed.ExitCode, Words(managed.Output), Words(managed.Error)), (native.ExitCode, Words(native.Output), Words(native.Error)));
    }

    [Fact]
    public async Task Both_write_the_same_report()
    {
        using TemporaryDirectory directory = new();
        SyntheticTrace.Create().Save(directory["double.pages"]);
        foreach ((string program, string page) in new (string, string)[] { (Repository.Executable, "native.html"), (Repository.FrameworkDependent, "managed.html") })
        {
            CommandResult result = await Command.TryRunAsync(program, ["report", directory["double.pages"], "--output", directory[page]], ExporterProcess.Deadline);
            Assert.Equal((0, ""), (result.ExitCode, result.Error));
        }

        byte[] native = await File.ReadAllBytesAsync(directory["native.html"], TestContext.Current.CancellationToken);
        Assert.NotEmpty(native);
        Assert.Equal(await File.ReadAllBytesAsync(directory["managed.html"], TestContext.Current.CancellationToken), native);
    }

    [Fact]
    public async Task Both_list_the_same_findings_as_JSON()
    {
        CommandResult native = await Command.TryRunAsync(Repository.Executable, ["check", "--json"], ExporterProcess.Deadline);
        CommandResult managed = await Command.TryRunAsync(Repository.FrameworkDependent, ["check", "--json"], ExporterProcess.Deadline);
        Assert.Equal(Topics(managed), Topics(native));

        static string[] Topics(CommandResult result) => [.. JsonElement.Parse(result.Output).GetProperty("findings").EnumerateArray().Select(static finding => finding.GetProperty("topic").GetString()!)];
    }

    private static string Words(string text) => Numbers.Replace(text, " ");
}
