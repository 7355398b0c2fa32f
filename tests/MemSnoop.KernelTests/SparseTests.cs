using System.Globalization;

namespace MemSnoop.KernelTests;

/// <summary>10 MB in use: plain, in a reservation of 64 TiB with 1,000 pages far apart, and beside 100,000 areas of a page each.</summary>
public sealed class SparseTests(GeneralBoot boot, ITestOutputHelper output) : IClassFixture<GeneralBoot>
{
    [Theory]
    [InlineData("plain")]
    [InlineData("reserved")]
    [InlineData("areas")]
    public void The_working_set_is_what_was_touched(string space)
    {
        WssLine line = WssLine.Parse(boot["sparse"].Text($"{space}-wss.txt"));
        Assert.Equal("page_idle", line.Method);
        Assert.InRange(line.UsedMb, 9.8, 11);
    }

    [Fact]
    public void The_areas_were_there() => Assert.InRange(int.Parse(boot["sparse"].Text("areas-areas.txt"), CultureInfo.InvariantCulture), 100_000, 100_200);

    [Fact]
    public void A_reservation_costs_what_is_in_it()
    {
        double plain = LeastCpu("plain");
        double reserved = LeastCpu("reserved");
        double areas = LeastCpu("areas");
        output.WriteLine($"CPU of a pass: plain {plain * 1000:F1} ms, 64 TiB reserved {reserved * 1000:F1} ms, 100,000 areas {areas * 1000:F1} ms");

        // 1,000 pages that lie far apart cost more than 2,560 together, and a busy host interrupts the longer pass more often. 64 TiB of entries would be a day's reading.
        Assert.InRange(reserved / plain, 0, 200);
    }

    private double LeastCpu(string space) =>
        boot["sparse"].Text($"{space}-passes.txt").Split('\n').Min(line => double.Parse(line, CultureInfo.InvariantCulture));
}
