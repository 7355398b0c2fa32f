using System.Net;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>A host on which no method works, like a node whose kernel has neither the idle bitmap nor the files of a process's pages.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class NoMethodTests : IDisposable
{
    private readonly TemporaryDirectory _host = new();

    [Fact]
    public async Task It_runs_is_ready_and_says_so_in_one_metric()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        string proc = Directory.CreateDirectory(_host["proc"]).FullName;
        foreach (string entry in Directory.EnumerateFileSystemEntries("/proc"))
        {
            string name = Path.GetFileName(entry);
            if (name != "self")
            {
                File.CreateSymbolicLink(Path.Combine(proc, name), entry);
            }
        }

        Directory.CreateDirectory(Path.Combine(proc, "self"));
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--procfs", proc, "--sysfs", Directory.CreateDirectory(_host["sys"]).FullName, "--pid", $"{touch.Pid}", "--working-set-interval", "1s"], ExporterProcess.Uncached);
        await Eventually.HoldsAsync(async () =>
        {
            using HttpResponseMessage ready = await exporter.GetAsync("/-/ready");
            return ready.StatusCode == HttpStatusCode.OK;
        });

        Scrape scrape = await exporter.ScrapeAsync();
        ExpositionSample[] methods = [.. scrape.Of("memsnoop_measurement_info", ("measurement", "working-set"))];
        Assert.Equal(["damon", "page_idle", "referenced"], methods.Select(static method => method.Label("method")).Order());
        Assert.All(methods, static method => Assert.Equal("unavailable", method.Label("state")));
        Assert.All(methods, static method => Assert.NotEmpty(method.Label("reason")!));
        Assert.All((string[])["damon", "page_idle", "referenced"], method =>
            Assert.Contains(exporter.Log, line => line.Contains("level=warn", StringComparison.Ordinal) && line.Contains($"method {method} does not work here", StringComparison.Ordinal)));

        // All else is there.
        Assert.InRange(scrape.Value(Series.Resident, touch.Pid), 20 * Series.MB, 24 * Series.MB);
        Assert.False(scrape.Has(Series.WorkingSet, touch.Pid));
        Assert.DoesNotContain(exporter.Log, static line => line.Contains("level=error", StringComparison.Ordinal));

        CommandResult top = await Command.TryRunAsync(Repository.Executable, ["top", "--once", "--procfs", proc, "--sysfs", _host["sys"], "--run-dir", _host["other"]], ExporterProcess.Deadline);
        Assert.Equal((0, ""), (top.ExitCode, top.Error));
        Assert.Contains("no method that tells which memory is touched works here", top.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_budget_for_a_method_that_cannot_keep_to_one_is_refused_in_one_line()
    {
        CommandResult serve = await Command.TryRunAsync(
            Repository.Executable, ["serve", "--cpu-budget", "1%", "--method", "referenced", "--listen", "127.0.0.1:0", "--run-dir", _host["run"]], ExporterProcess.Deadline);
        Assert.Equal(
            (2, "memsnoop: --cpu-budget: the method referenced, which is used here, always measures all memory; expected a host where the method page_idle works, or no budget\n"),
            (serve.ExitCode, serve.Error));
    }

    public void Dispose() => _host.Dispose();
}
