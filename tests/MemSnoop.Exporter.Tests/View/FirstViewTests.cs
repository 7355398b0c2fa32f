using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.View;

/// <summary>How long people wait for the page of a host with as many processes as are watched.</summary>
[Collection(EndToEndCollection.Name)]
[LongTier(Scenario)]
public sealed class FirstViewTests
{
    private const string Scenario = "first-view";
    private const int Processes = 2000;
    private const int Windows = 6;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task The_first_view_of_2000_processes_takes_less_than_a_second_and_an_update_less_than_50_ms_of_processor_time()
    {
        // With their parent, as many as are watched unless the options say otherwise.
        using Workload many = await Workload.StartAsync("idler", "--processes", Text(Processes - 1), "--period", "0");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--name", "^idler$", "--working-set-interval", "5s"]);
        await exporter.ScrapeUntilAsync(static scrape => scrape.Of(Series.Window).Count() == Processes);
        double alone = await ForOneWindowAsync(exporter);

        JsonElement found = await PageBrowser.RunAsync(exporter.Address, "first");
        double[] views = [.. found.GetProperty("milliseconds").EnumerateArray().Select(static each => each.GetDouble()).Order()];
        Assert.Equal($"{Processes}", found.GetProperty("count").GetString());
        Assert.InRange(views[views.Length / 2], 0, 1000);

        await using EventReader viewer = await EventReader.OpenAsync(exporter.Address);
        ServerEvent first = await viewer.ReadAsync();
        double seen = await ForOneWindowAsync(exporter);
        Assert.InRange(seen - alone, double.MinValue, 0.05);
        Measured.Note(Scenario, string.Create(CultureInfo.InvariantCulture, $"{Processes} processes: the table is drawn {views[views.Length / 2]:F0} ms after its address is asked for ({views[0]:F0} to {views[^1]:F0}, of {views.Length}); the exporter takes {alone * 1000:F0} ms of CPU for a window while nobody looks and {seen * 1000:F0} ms with a viewer, who gets {first.Data.Length / 1000} kB"));
    }

    /// <summary>Processor time of the exporter for the length of a window, by several of them.</summary>
    private static async Task<double> ForOneWindowAsync(ExporterProcess exporter)
    {
        long started = Stopwatch.GetTimestamp();
        double before = await CpuSecondsAsync(exporter);
        await Task.Delay(Windows * Interval, TestContext.Current.CancellationToken);
        return (await CpuSecondsAsync(exporter) - before) * (Interval / Stopwatch.GetElapsedTime(started));
    }

    private static async Task<double> CpuSecondsAsync(ExporterProcess exporter)
    {
        string[] fields = (await File.ReadAllTextAsync($"/proc/{exporter.Pid}/stat")).Split(") ")[1].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
