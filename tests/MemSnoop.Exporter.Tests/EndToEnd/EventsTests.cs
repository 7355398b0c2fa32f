using System.Text.Json;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary><c>memsnoop events</c> on this machine.</summary>
[Collection(EndToEndCollection.Name)]
public class EventsTests
{
    [Fact]
    public async Task Every_provider_lists_its_events_aligned_and_with_a_description()
    {
        CommandResult result = await RunAsync("events", "--counter-provider", "perf_event_open");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        string[] lines = result.Output.TrimEnd('\n').Split('\n');
        Assert.StartsWith("perf_event_open: ", lines[0], StringComparison.Ordinal);
        Assert.Contains(lines, static line => line.StartsWith("  page-faults ", StringComparison.Ordinal) && line.Contains("  available    ", StringComparison.Ordinal));
        Assert.Single(lines[1..].Select(static line => line.IndexOf("available", StringComparison.Ordinal) - (line.Contains("unavailable", StringComparison.Ordinal) ? 2 : 0)).Distinct());
        Assert.All(lines[1..], static line => Assert.Matches(@"^  [\w-]+ +(un)?available +\S", line));
    }

    [Theory]
    [InlineData("*-faults", "alignment-faults,emulation-faults,major-faults,minor-faults,page-faults")]
    [InlineData("PAGE-FAULTS", "page-faults")]
    [InlineData("M????-faults", "major-faults,minor-faults")]
    [InlineData("perf::faults", "page-faults")]
    [InlineData("Switch", "context-switches")]
    public async Task A_pattern_chooses(string pattern, string expected)
    {
        CommandResult result = await RunAsync("events", pattern, "--json", "--counter-provider", "perf_event_open");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        using JsonDocument document = JsonDocument.Parse(result.Output);
        JsonElement provider = Assert.Single(document.RootElement.EnumerateArray());
        Assert.Equal("perf_event_open", provider.GetProperty("provider").GetString());
        Assert.Equal(expected, string.Join(',', provider.GetProperty("events").EnumerateArray().Select(static known => known.GetProperty("name").GetString()).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task Only_what_is_available_may_be_asked_for()
    {
        CommandResult all = await RunAsync("events", "--counter-provider", "perf_event_open");
        CommandResult some = await RunAsync("events", "--available", "--counter-provider", "perf_event_open");
        Assert.Equal((0, ""), (some.ExitCode, some.Error));
        Assert.Equal(
            all.Output.Split('\n').Where(static line => !line.Contains("  unavailable  ", StringComparison.Ordinal)).Select(Squeeze), some.Output.Split('\n').Select(Squeeze));

        // Columns are as wide as what is in them.
        static string Squeeze(string line) => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Nothing_found_is_one_line_with_what_was_meant()
    {
        CommandResult result = await RunAsync("events", "page-fualts", "--counter-provider", "perf_event_open");
        Assert.Equal((1, "", "memsnoop: no event has 'page-fualts' in its name; did you mean page-faults?\n"), (result.ExitCode, result.Output, result.Error));
    }

    [Theory]
    [InlineData("--event: 'page-fualts' is not an event; expected page-faults; memsnoop events lists all", "--event", "task-clock,page-fualts")]
    [InlineData("--event: 'context switches' is not the name of an event; expected the name of an event, such as page-faults or PAPI_TOT_INS; memsnoop events lists all", "--event", "context switches")]
    [InlineData("--collector.counters: no event is named; expected --event NAME too; memsnoop events lists all", "--collector.counters")]
    [InlineData("--counter-provider: 'perf' is not a provider; expected one of auto, perf_event_open, papi", "--counter-provider", "perf")]
    [InlineData("--event: 'page-fualts' is not an event; expected page-faults; memsnoop events lists all", "check", "--event", "page-fualts")]
    [InlineData("--event: 'page-fualts' is not an event; expected page-faults; memsnoop events lists all", "trace", "--pid", "1", "--measure", "counters", "--event", "page-fualts")]
    [InlineData("--measure: counters needs an event; expected --event NAME too; memsnoop events lists all", "trace", "--pid", "1", "--measure", "counters")]
    public async Task A_wrong_event_is_one_line_and_nothing_is_started(string expected, params string[] arguments)
    {
        CommandResult result = await RunAsync(arguments);
        Assert.Equal((2, "", $"memsnoop: {expected}\n"), (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public async Task A_wrong_event_of_a_file_is_told_with_its_line()
    {
        using TemporaryFile file = new("{ \"MemSnoop\": {\n  \"Counters\": {\n    \"Events\": [\"task-clock\",\n \"page-fualts\"] } } }");
        CommandResult result = await RunAsync("--config", file.Path);
        Assert.Equal(
            (2, "", $"memsnoop: {file.Path}:3: MemSnoop:Counters:Events:1: 'page-fualts' is not an event; expected page-faults; memsnoop events lists all\n"),
            (result.ExitCode, result.Output, result.Error));
    }

    private static Task<CommandResult> RunAsync(params string[] arguments) => Command.TryRunAsync(Repository.Executable, arguments, ExporterProcess.Deadline);
}
