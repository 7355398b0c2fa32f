using System.Text.RegularExpressions;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>The names of OpenTelemetry's semantic conventions: the same numbers, and what <c>docs/names.md</c> says.</summary>
[Collection(EndToEndCollection.Name)]
public partial class ConventionNamesTests
{
    [Fact]
    public async Task Numbers_are_the_same_under_both_names()
    {
        // It waits for its input, so that nothing of it changes between two scrapes.
        using Workload idle = await Workload.StartAsync("touch", "--resident", "8", "--hot", "0");
        string[] arguments = ["--pid", $"{idle.Pid}", "--interval", "0s", "--no-collector.working-set"];
        await using ExporterProcess own = await ExporterProcess.StartAsync(arguments, ExporterProcess.Uncached);
        await using ExporterProcess conventional = await ExporterProcess.StartAsync([.. arguments, "--names", "semconv"], ExporterProcess.Uncached);
        await idle.TellAsync("idle");
        Scrape before = await own.ScrapeAsync();
        Scrape renamed = await conventional.ScrapeAsync();
        Scrape after = await own.ScrapeAsync();

        (string Own, string Theirs, string Key)[] rows = [.. Rows()];
        Assert.Equal(9, rows.Length);
        foreach ((string ours, string theirs, string key) in rows)
        {
            Assert.Empty(renamed.Of(ours));
            Assert.Empty(before.Of(theirs));
            ExpositionSample[] lower = [.. before.Of(ours, idle.Pid)];
            ExpositionSample[] upper = [.. after.Of(ours, idle.Pid)];
            ExpositionSample[] samples = [.. renamed.Of(theirs, idle.Pid)];
            Assert.NotEmpty(samples);
            Assert.Equal(lower.Length, samples.Length);
            for (int i = 0; i < samples.Length; i++)
            {
                Assert.Equal(idle.Pid.ToString(System.Globalization.CultureInfo.InvariantCulture), samples[i].Label("pid"));
                Assert.Equal("touch", samples[i].Label("comm"));
                Assert.Equal(key.Length > 0, samples[i].Label(key) is { Length: > 0 });
                string? kind = key.Length > 0 ? samples[i].Label(key) : null;
                Assert.InRange(samples[i].Number, Same(lower, kind), Same(upper, kind));
            }
        }

        // What the conventions do not know keeps its name.
        Assert.True(renamed.Has("memsnoop_process_memory_shared_bytes", idle.Pid));
        Assert.DoesNotContain("container_memory_working_set", renamed.Text, StringComparison.Ordinal);
        Assert.Equal(before.Of("process_start_time_seconds").Count(), renamed.Of("process_start_time_seconds").Count());

        static double Same(ExpositionSample[] samples, string? kind) => Assert.Single(samples, sample => kind is null || sample.Labels.Any(label => label.Value == kind)).Number;
    }

    [Fact]
    public async Task A_wrong_choice_is_one_line()
    {
        CommandException wrong = await Assert.ThrowsAsync<CommandException>(static () => ExporterProcess.StartAsync(["--all", "--names", "otel"]));
        Assert.Contains("expected memsnoop or semconv", wrong.Message, StringComparison.Ordinal);
    }

    // The table of the document: Prometheus' names of both, and the attribute as a label.
    private static IEnumerable<(string Own, string Theirs, string Key)> Rows()
    {
        Dictionary<string, string> prometheus = MetricRow().Matches(File.ReadAllText(Path.Combine(Checkout.Root, "docs", "metrics.md")))
            .ToDictionary(static match => match.Groups[1].Value, static match => match.Groups[2].Value);
        return NameRow().Matches(File.ReadAllText(Path.Combine(Checkout.Root, "docs", "names.md")))
            .Select(match => (prometheus[match.Groups[1].Value], match.Groups[3].Value, match.Groups[2].Value.Replace('.', '_')));
    }

    [GeneratedRegex("^\\| `(memsnoop[a-z_.]+)` \\| `([a-z_]+)` \\|", RegexOptions.Multiline)]
    private static partial Regex MetricRow();

    [GeneratedRegex("^\\| `(memsnoop[a-z_.]+)` \\| `[a-z_.]+` \\| [a-z]+ \\| [^|]+ \\| (?:`([a-z_.]+)`[^|]*)?\\| `([a-z_]+)` \\|", RegexOptions.Multiline)]
    private static partial Regex NameRow();
}
