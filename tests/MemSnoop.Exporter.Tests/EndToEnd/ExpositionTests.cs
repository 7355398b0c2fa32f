using MemSnoop.Exporter.Tests.Prometheus;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Everything the program can say of every process of this machine, before the parsers that will read it.</summary>
[Collection(EndToEndCollection.Name)]
public class ExpositionTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task All_series_of_all_processes_parse_and_break_no_custom(bool openMetrics)
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        using Workload puppet = await Workload.StartAsync("puppet");
        await puppet.TellAsync("name \"a\\{b}=#");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--all", "--collector.smaps", "--working-set-interval", "1s", "--idle-ages", "0s,1s"],
            ["env", "MemSnoop__Web__CreatedSeries=true", "MemSnoop__Processes__ContainerLabels=true"]);
        await exporter.ScrapeUntilAsync(scrape => scrape.Has(Series.Window, touch.Pid));

        Scrape scrape = await exporter.ScrapeAsync(accept: openMetrics ? "application/openmetrics-text; version=1.0.0" : "text/plain; version=0.0.4");
        Assert.Equal([], ExpositionChecker.Check(scrape.Text, openMetrics));
        Assert.Equal("\"a\\{b}=#", scrape.Of(Series.Resident, puppet.Pid).Single().Label("comm"));
        (int code, string complaints) = openMetrics ? await Promtool.ImportOpenMetricsAsync(scrape.Text) : await Promtool.CheckMetricsAsync(scrape.Text);
        Assert.True(code == 0, complaints);
        if (!openMetrics)
        {
            Assert.Equal("", complaints);
        }
    }
}
