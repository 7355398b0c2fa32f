using System.Globalization;
using System.Text;
using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>Costs are a number of instructions here, the same in each run: for the long tier.</summary>
public sealed class EstimateTableBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["estimate-table"];

    protected override IReadOnlyList<string> Arguments => ["--count-instructions"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(30);
}

/// <summary>
/// The error of the method damon by samples, length of windows and kernel. Produces rows of the table in <c>docs/working-set.md</c>, one kernel a run; those of another kernel stay.
/// </summary>
[LongTier(Scenario)]
public sealed class EstimateTableTests(EstimateTableBoot boot) : IClassFixture<EstimateTableBoot>
{
    private const string Scenario = "damon";
    private const double Mb = 1 << 20;

    /// <summary>What is touched, and what the program's own code, stack and libraries need.</summary>
    private const double UsedMb = 40.1;

    [Fact]
    public void Every_window_is_within_its_error()
    {
        ScenarioResult result = boot["estimate-table"];
        string series = string.Join('.', result.Text("kernel.txt").Split('.').Take(2));
        StringBuilder rows = new();
        int windows = 0;
        int outside = 0;
        foreach (string samples in (string[])["1024", "8192", "32768"])
        {
            foreach (string seconds in (string[])["2", "5"])
            {
                if (!result.Exists($"row-{samples}-{seconds}.txt"))
                {
                    continue;
                }

                (double Used, double Error)[] seen = [.. Windows(result, $"row-{samples}-{seconds}.json")];
                Assert.NotEmpty(seen);
                windows += seen.Length;
                outside += seen.Count(static window => Math.Abs(window.Used - UsedMb) > window.Error + 0.5);
                bool isExact = seen.All(static window => window.Error == 0);
                string[] cost = result.Text($"row-{samples}-{seconds}.txt").Split(' ');
                double passes = Number(cost[1]) / 1000 / Number(seconds);
                double kernel = isExact ? Number(cost[3]) * 1000 : Number(cost[0]) / 1e6 / passes;
                rows.Append(CultureInfo.InvariantCulture,
                    $"| {series} | {(isExact ? "every page" : Samples(samples))} | {seconds} s | {seen.Min(static window => window.Used):F1} to {seen.Max(static window => window.Used):F1} | {seen.Average(static window => Math.Abs(window.Used - UsedMb)):F1} | {(isExact ? "none" : seen.Average(static window => window.Error).ToString("F1", CultureInfo.InvariantCulture))} | {kernel:F1} ms | {Number(cost[2]) * 1000:F1} ms | {(isExact ? $"{Number(cost[3]) * 1000:F1} ms" : "a page at a time")} |\n");
            }
        }

        string directory = Path.Combine(Checkout.Root, "artifacts", "damon");
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, $"{series}.rows"), rows.ToString());
        const string Head = """
            | kernel | samples of the process | window | used, MB | off in the mean, MB | error that is told, MB | CPU of the kdamond, a window | CPU of the exporter, a pass | holds the lock for |
            |---|---:|---:|---:|---:|---:|---:|---:|---:|

            """;
        File.WriteAllText(
            Path.Combine(Checkout.Root, "artifacts", "damon.md"),
            Head + string.Concat(Directory.GetFiles(directory, "*.rows").OrderBy(static file => Version.Parse(Path.GetFileNameWithoutExtension(file))).Select(File.ReadAllText)));
        TestContext.Current.TestOutputHelper?.WriteLine(Head + rows);
        Measured.Note(Scenario, $"Linux {series}: {windows} windows, {outside} of them off by more than they say: the table in working-set.md");
        Assert.InRange((double)outside / windows, 0, 0.15);
    }

    /// <summary>The windows of the exporter, one for each pass; the first ones are shorter and are left out.</summary>
    private static IEnumerable<(double Used, double Error)> Windows(ScenarioResult result, string file)
    {
        foreach (IGrouping<int, JsonElement> pass in result.Lines(file).GroupBy(static line => line.GetProperty("passes").GetInt32()).Skip(2))
        {
            Scrape scrape = new(pass.Last().GetProperty("metrics").GetString()! + "\n");
            ExpositionSample[] used = [.. scrape.Of("memsnoop_process_working_set_bytes")];
            if (used.Length > 0)
            {
                yield return (used.Sum(static sample => sample.Number) / Mb, scrape.Of("memsnoop_process_working_set_error_bytes").Sum(static sample => sample.Number) / Mb);
            }
        }
    }

    private static string Samples(string total) => (int.Parse(total, CultureInfo.InvariantCulture) / 8).ToString("N0", CultureInfo.InvariantCulture);

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
