using System.Globalization;

namespace MemSnoop.KernelTests;

/// <summary>Debian's Redis in the guest, on one processor, with a clock that counts instructions.</summary>
public sealed class ServiceBoot(KernelLab lab) : LabBoot(lab)
{
    private static readonly string Redis = Path.Combine(KernelLab.Output, "redis");

    protected override IReadOnlyList<string> Scenarios => ["service"];

    protected override IReadOnlyList<string> Arguments => ["--count-instructions", "--programs", Redis];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(25);

    protected override async Task PrepareAsync()
    {
        await Command.RunAsync(Path.Combine(Checkout.Root, "tests", "debian-packages.sh"), [Path.Combine(Checkout.Root, "bench", "packages.txt")], TimeSpan.FromMinutes(10));
        Directory.CreateDirectory(Redis);
        foreach (string program in (string[])["redis-server", "redis-cli", "redis-benchmark"])
        {
            await Command.RunAsync("cp", ["-L", $"/usr/bin/{program}", Redis], TimeSpan.FromMinutes(1));
        }
    }
}

/// <summary>What a pass costs a service beside it, by each method: the changes against memsnoop off in the same round.</summary>
[LongTier(Scenario)]
public sealed class ServiceTests(ServiceBoot boot) : IClassFixture<ServiceBoot>
{
    private const string Scenario = "service";

    // Of the figures of redis-benchmark --csv: "GET", requests a second, then milliseconds: average, least, p50, p95, p99, most.
    private const int Throughput = 1;
    private const int Percentile99 = 6;

    private const double WindowSeconds = 1;

    [Theory]
    [InlineData("page_idle")]
    [InlineData("referenced")]
    public void A_pass_takes_the_service_little_more_than_its_own_processor_time(string method)
    {
        double noise = Math.Abs(Change("again", Throughput));
        double change = Change(method, Throughput);
        double pass = Middle([.. boot["service"].Text($"{method}-pass.txt").Split('\n').Select(Number)]);
        Measured.Note(
            Scenario,
            $"{method}: Redis of {Number(boot["service"].Text("resident.txt")) / 1e6:F0} MB, one processor, a pass each second: pass {pass * 1000:F0} ms of CPU, "
            + $"requests {change:+0.0%;-0.0%} (off once more {Change("again", Throughput):+0.0%;-0.0%}), p99 {Change(method, Percentile99):+0.0%;-0.0%} ({Change("again", Percentile99):+0.0%;-0.0%})");

        // The rest is pages that the processor marks anew, caches that it fills anew, and a scrape.
        Assert.InRange(change, -2 * pass / WindowSeconds - noise - 0.01, noise + 0.01);
    }

    private double Change(string condition, int column) =>
        Middle([.. Rounds("off").Zip(Rounds(condition), (off, on) => (on[column] / off[column]) - 1)]);

    private IEnumerable<double[]> Rounds(string condition) =>
        boot["service"].Text($"{condition}.csv").Split('\n').Select(static line => line.Split(',').Select(static word => word == "\"GET\"" ? 0 : Number(word.Trim('"'))).ToArray());

    private static double Middle(double[] figures)
    {
        Array.Sort(figures);
        return figures[figures.Length / 2];
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
