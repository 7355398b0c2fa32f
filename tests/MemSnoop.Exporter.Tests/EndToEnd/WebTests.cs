using System.Net;
using MemSnoop.Exporter.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>What the real program answers on its port.</summary>
[Collection(EndToEndCollection.Name)]
public class WebTests
{
    private static readonly string Own = $"{Environment.ProcessId}";

    [Fact]
    public async Task It_is_ready_once_it_listens_and_its_first_page_leads_to_the_metrics()
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", Own, "--no-children", "--web.telemetry-path", "/deep/metrics"]);

        // The first window ends after two seconds.
        await Eventually.ReachesAsync(() => GetAsync(exporter, "/-/ready").Result, static answer => answer == (HttpStatusCode.OK, "Ready.\n"));
        Assert.Equal((HttpStatusCode.OK, "Healthy.\n"), await GetAsync(exporter, "/-/healthy"));
        Assert.Equal((HttpStatusCode.OK, "Healthy.\n"), await GetAsync(exporter, "/healthz"));
        (HttpStatusCode status, string page) = await GetAsync(exporter, "/");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains(" href=\"deep/metrics\">", page, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(exporter, "/metrics")).Status);
        Assert.Contains(Series.Resident, (await GetAsync(exporter, "/deep/metrics")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_scrape_may_ask_for_one_collector()
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", Own, "--no-children"]);
        Scrape only = await exporter.ScrapeAsync("?collect[]=statm");
        Assert.All(
            only.Names.Where(static name => name.StartsWith("memsnoop_process_", StringComparison.Ordinal)),
            static name => Assert.StartsWith("memsnoop_process_memory_", name, StringComparison.Ordinal));
        Assert.DoesNotContain(only.Names, static name => name.StartsWith("memsnoop_disk_", StringComparison.Ordinal));
        Assert.Contains(Series.Resident, only.Names);
        Assert.DoesNotContain(Series.Resident, (await exporter.ScrapeAsync("?exclude[]=statm")).Names);
        Assert.Contains(Series.Resident, (await exporter.ScrapeAsync()).Names);
        (HttpStatusCode status, string complaint) = await GetAsync(exporter, "/metrics?collect[]=nothing");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.StartsWith("Unknown collector 'nothing'; the known ones are ", complaint, StringComparison.Ordinal);
        Assert.Contains("statm", complaint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_scrape_says_how_its_own_readings_fared()
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", Own, "--no-children"]);
        Scrape first = await exporter.ScrapeAsync();
        foreach (string measurement in (string[])["stat", "statm", "process-io", "scheduling", "open-files", "disk-io"])
        {
            Assert.Equal(1, first.Value("memsnoop_measurement_success", ("measurement", measurement)));
            Assert.True(first.Value("memsnoop_measurement_duration_seconds", ("measurement", measurement)) > 0);
        }
    }

    [Fact]
    public async Task The_exporters_own_metrics_can_be_left_out()
    {
        string[] own = ["process_cpu_seconds_total", "process_max_fds", "process_open_fds", "process_resident_memory_bytes", "process_start_time_seconds", "process_virtual_memory_bytes"];
        await using (ExporterProcess with = await ExporterProcess.StartAsync(["--pid", Own, "--no-children"]))
        {
            Assert.Equal(own, (await with.ScrapeAsync()).Names.Where(static name => name.StartsWith("process_", StringComparison.Ordinal)).Order());
        }

        await using ExporterProcess without = await ExporterProcess.StartAsync(["--pid", Own, "--no-children", "--web.disable-exporter-metrics"]);
        HashSet<string> names = (await without.ScrapeAsync()).Names;
        Assert.DoesNotContain(names, static name => name.StartsWith("process_", StringComparison.Ordinal));
        Assert.Contains(Series.Resident, names);
    }

    private static async Task<(HttpStatusCode Status, string Text)> GetAsync(ExporterProcess exporter, string path)
    {
        using HttpResponseMessage response = await exporter.GetAsync(path);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
