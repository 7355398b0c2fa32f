using System.Globalization;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>A node full of containers, each a control group of its own with four sleeping processes: what a scrape costs, and what is in it, with each choice of processes.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class FleetTests
{
    private const string Scenario = "fleet";

    private const int ProcessesEach = 4;
    private static readonly string[] Choices = ["all", "top=20", "off"];

    [Fact]
    [OrdinaryTier]
    public Task Fewer_processes_with_series_make_fewer_series_and_nobody_is_lost() => MeasureAsync(containers: 20, scrapes: 3);

    [Fact]
    [LongTier(Scenario)]
    public async Task The_same_of_500_containers() => Measured.Note(Scenario, $"500 containers of 4 sleeping processes: {await MeasureAsync(containers: 500, scrapes: 40)}");

    private static async Task<string> MeasureAsync(int containers, int scrapes)
    {
        int processes = containers * ProcessesEach;
        using NamedWorkload program = await NamedWorkload.MakeAsync("idler");
        using Workload idlers = await Workload.StartAsync(program.Path, "--processes", $"{processes - 1}");
        int[] pids = [idlers.Pid, .. idlers.Pids("pids")];
        Assert.Equal(processes, pids.Length);
        List<Cgroup> groups = [];
        try
        {
            foreach (int[] members in pids.Chunk(ProcessesEach))
            {
                Cgroup group = Cgroup.Make(members[0], $"docker/{members[0]:x64}");
                groups.Add(group);
                foreach (int member in members.Skip(1))
                {
                    group.Add(member);
                }
            }

            List<string> figures = [];
            int series = int.MaxValue;
            foreach (string choice in Choices)
            {
                Fleet fleet = await MeasureAsync(program.Name, choice, processes, scrapes);
                Assert.Equal(choice switch { "all" => processes, "off" => 0, _ => 20 }, fleet.Pids);
                Assert.Equal(processes - fleet.Pids, fleet.WithoutSeries);
                Assert.InRange(fleet.Containers, choice == "all" ? containers : Math.Min(fleet.Pids, 1), Math.Min(fleet.Pids, containers));
                Assert.True(fleet.Series < series, $"{choice}: {fleet.Series} series, {series} before");
                series = fleet.Series;
                double pass = await PassAsync(program.Name, choice, processes);
                figures.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{choice}: {fleet.Series} series, {fleet.ScrapeMilliseconds:F1} ms of CPU a scrape, resident memory {fleet.ResidentMegabytes:F1} MB, {pass:F0} ms of CPU a pass of the working sets"));
            }

            return string.Join("; ", figures);
        }
        finally
        {
            groups.ForEach(static group => group.Dispose());
        }
    }

    private static async Task<Fleet> MeasureAsync(string name, string choice, int processes, int scrapes)
    {
        // Without windows, whose passes would fall among the scrapes; and every scrape reads.
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--name", $"^{name}$", "--per-process", choice, "--max-processes", $"{processes}", "--container-labels", "--no-collector.working-set", "--interval", "0s"],
            ExporterProcess.Uncached);
        Scrape scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Value("memsnoop_processes_watched") == processes);

        // Sleepers are known for such after some looks, and buffers grow to their size.
        for (int i = 0; i < 8; i++)
        {
            scrape = await exporter.ScrapeAsync();
        }

        double before = CpuMilliseconds(exporter.Pid);
        for (int i = 0; i < scrapes; i++)
        {
            scrape = await exporter.ScrapeAsync();
        }

        double each = (CpuMilliseconds(exporter.Pid) - before) / scrapes;
        return new Fleet(
            scrape.Samples.Count, scrape.Pids(Series.Resident).Count, scrape.Of(Series.Resident).Select(static sample => sample.Label("container_id")).Distinct().Count(),
            scrape.Value("memsnoop_processes_without_series", ("reason", "per_process")), each, ResidentMegabytes(exporter.Pid));
    }

    /// <summary>CPU time of a pass over all, in milliseconds.</summary>
    private static async Task<double> PassAsync(string name, string choice, int processes)
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
        [
            "--name", $"^{name}$", "--per-process", choice, "--max-processes", $"{processes}", "--container-labels", "--collector.disable-defaults", "--collector.working-set",
            "--working-set-interval", "4s",
        ]);
        Scrape scrape = await exporter.ScrapeUntilAsync(static scrape => scrape.Of("memsnoop_measurement_success", ("measurement", "working-set")).Any(static sample => sample.Number == 1));
        return scrape.Value("memsnoop_measurement_cpu_seconds", ("measurement", "working-set")) * 1000;
    }

    /// <summary>CPU time of all threads, including ended ones, in user mode and in the kernel.</summary>
    private static double CpuMilliseconds(int pid)
    {
        string stat = File.ReadAllText($"/proc/{pid}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) * 10;
    }

    private static double ResidentMegabytes(int pid) =>
        double.Parse(File.ReadAllText($"/proc/{pid}/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize / Series.MB;

    /// <summary>What was found with one choice.</summary>
    private sealed record Fleet(int Series, int Pids, int Containers, double WithoutSeries, double ScrapeMilliseconds, double ResidentMegabytes);
}
