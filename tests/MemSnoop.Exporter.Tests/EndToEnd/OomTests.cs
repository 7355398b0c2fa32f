using System.Globalization;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Who would be killed first, at the endpoint.</summary>
[Collection(EndToEndCollection.Name)]
public class OomTests
{
    private const string Score = "memsnoop_process_oom_score";
    private const string Adjustment = "memsnoop_process_oom_score_adj";

    [Fact]
    public async Task Score_and_adjustment_are_those_of_the_kernel()
    {
        using Workload child = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        await File.WriteAllTextAsync($"/proc/{child.Pid}/oom_score_adj", "321", TestContext.Current.CancellationToken);
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", $"{child.Pid}", "--collector.oom", "--interval", "0s"], ExporterProcess.Uncached);

        Scrape scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Has(Score, child.Pid));
        Assert.Equal(321, scrape.Value(Adjustment, child.Pid));

        // What others of the machine do moves the score by a point or two.
        double kernel = double.Parse(await File.ReadAllTextAsync($"/proc/{child.Pid}/oom_score", TestContext.Current.CancellationToken), CultureInfo.InvariantCulture);
        Assert.InRange(scrape.Value(Score, child.Pid), kernel - 2, kernel + 2);
    }

    [Fact]
    public async Task Nothing_is_read_unasked()
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", $"{Environment.ProcessId}"], ExporterProcess.Uncached);
        Scrape scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Has(Series.Resident, Environment.ProcessId));
        Assert.False(scrape.Has(Score, Environment.ProcessId));
        Assert.Equal(1, scrape.Value("memsnoop_measurement_info", ("measurement", "oom"), ("method", "oom_score"), ("reason", "disabled"), ("state", "off")));
    }
}
