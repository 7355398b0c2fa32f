using System.Diagnostics.Metrics;
using static MemSnoop.Exporter.Tests.Prometheus.Instruments;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>The texts in the eyes of Prometheus' own parsers, part N of the exposition rules.</summary>
public class PromtoolTests
{
    [Fact]
    public async Task The_text_format_parses_and_breaks_no_custom()
    {
        await using ScrapeHost host = await StartAsync();
        (int exitCode, string output) = await Promtool.CheckMetricsAsync(await host.ScrapeAsync());
        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public async Task OpenMetrics_parses()
    {
        await using ScrapeHost host = await StartAsync();
        (int exitCode, string output) = await Promtool.ImportOpenMetricsAsync(await host.ScrapeAsync(openMetrics: true));
        Assert.True(exitCode == 0, output);
    }

    [Theory] // The parsers do object when there is something to object to.
    [InlineData("# TYPE x bad\nx 1\n", "x 1\n")]
    [InlineData("# TYPE x gauge\r\nx 1\r\n", "# TYPE x gauge\nx 1\n# UNIT x bytes\n# EOF\n")]
    public async Task Bad_texts_do_not_parse(string text, string openMetrics)
    {
        Assert.Equal(1, (await Promtool.CheckMetricsAsync(text)).ExitCode);
        Assert.NotEqual(0, (await Promtool.ImportOpenMetricsAsync(openMetrics)).ExitCode);
    }

    private static async Task<ScrapeHost> StartAsync()
    {
        ScrapeHost host = await ScrapeHost.StartAsync(options =>
        {
            options.ResourceAttributes = [new("service.name", "memsnoop"), new("odd", "a\"b\\c\nd")];
            options.ScopeLabels = true;
            options.CreatedSeries = true;
            options.CreatedTime = static (_, _) => 1.7e9;
        });
        AddTypical(host.Meter);
        string[] hostile =
        [
            "\"", "\\", "\n", "\r", "\t", "\0", "a\\", "\\n", "}", "{", ",", "=", " ", "# EOF",
            "\uD83D", "\uDE00", "\uD83D\uDE00", "\u2028", "\uFEFF",
        ];
        host.Meter.CreateObservableGauge(
            "hostile", () => hostile.Select((value, i) => new Measurement<double>(i, Tags(("i", i), ("v", value)))), "By", "Hostile \\ \"values\"\nof labels.");
        return host;
    }
}
