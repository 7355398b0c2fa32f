using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Groups of real processes at the endpoint.</summary>
[Collection(EndToEndCollection.Name)]
public class GroupTests
{
    private const string Processes = "memsnoop_group_processes";
    private const string Resident = "memsnoop_group_memory_resident_bytes";
    private const string CpuTime = "memsnoop_group_cpu_time_seconds_total";

    [Fact]
    public async Task A_group_by_name_has_the_sums_of_its_processes_and_no_process_has_series()
    {
        using NamedWorkload program = await NamedWorkload.MakeAsync("touch");
        using Workload one = await Workload.StartAsync(program.Path, "--resident", "40", "--hot", "1");
        using Workload other = await Workload.StartAsync(program.Path, "--resident", "20", "--hot", "0");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--name", $"^{program.Name}$", "--group-by", "name", "--per-process", "off", "--no-collector.working-set", "--no-container-labels"], ExporterProcess.Uncached);

        Scrape scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Of(CpuTime, ("group", program.Name)).Sum(static sample => sample.Number) > 0);

        Assert.Equal(2, scrape.Value(Processes, ("group", program.Name)));
        Assert.InRange(scrape.Value(Resident, ("group", program.Name)) / Series.MB, 60, 68);
        Assert.Equal(["system", "user"], scrape.Of(CpuTime).Select(static sample => sample.Label("mode")).Order());
        Assert.DoesNotContain(scrape.Samples, static sample => sample.Label("pid") is not null);

        // What was used stays when its process has ended.
        double before = scrape.Of(CpuTime).Sum(static sample => sample.Number);
        one.Kill();
        scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Value(Processes, ("group", program.Name)) == 1);
        Assert.True(scrape.Of(CpuTime).Sum(static sample => sample.Number) >= before);
        Assert.InRange(scrape.Value(Resident, ("group", program.Name)) / Series.MB, 20, 24);
        other.Kill();
        scrape = await exporter.ScrapeAsync();
        Assert.Empty(scrape.Of(Processes));
    }

    [Fact]
    public async Task The_groups_of_a_configuration_file_are_those_that_process_exporter_makes()
    {
        using NamedWorkload program = await NamedWorkload.MakeAsync("puppet");
        using Workload web = await Workload.StartAsync(program.Path, "--label", "web-80");
        using Workload shop = await Workload.StartAsync(program.Path, "--label", "shop-81");
        using Workload idler = await Workload.StartAsync("idler", "--processes", "3");
        using TemporaryFile file = new($$$"""
            process_names:
              - name: "{{.ExeBase}}:{{.Matches.Role}}"
                exe:
                - {{{program.Name}}}
                cmdline:
                - --label\s+(?P<Role>[a-z]+)-
              - name: idlers
                comm: [idler]
            """);
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--pid", $"{web.Pid},{shop.Pid},{idler.Pid}", "--group-config", file.Path, "--no-collector.working-set", "--no-container-labels"], ExporterProcess.Uncached);

        Scrape scrape = await exporter.ScrapeAsync();

        Assert.Equal(
            [("idlers", 4d), ($"{program.Name}:shop", 1d), ($"{program.Name}:web", 1d)],
            scrape.Of(Processes).Select(static sample => (sample.Label("group")!, sample.Number)).OrderBy(static group => group.Item1, StringComparer.Ordinal));
    }
}
