using System.Globalization;
using System.Text.Json;

namespace MemSnoop.KernelTests;

public sealed class CostBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["cost", "stall"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(15);
}

/// <summary>What a pass costs next to a C program that makes only the system calls no pass can avoid, and what it does to its target.</summary>
public sealed class CostTests(CostBoot boot, ITestOutputHelper output) : IClassFixture<CostBoot>
{
    [Theory]
    [InlineData("one")]
    [InlineData("eight")]
    public void A_pass_costs_little_more_than_its_system_calls(string processes)
    {
        // In turn, twice: floor, exporter, floor, exporter. The least of each is what the work costs; the rest is the emulator's host.
        double floor = Floors(processes).Min();
        double[] passes = [.. Passes(processes).Order()];
        double ratio = passes[0] / floor;
        output.WriteLine($"{processes}: floor {floor * 1000:F1} ms, pass {passes[0] * 1000:F1} ms (median {passes[passes.Length / 2] * 1000:F1}), ratio {ratio:F2}");
        TestContext.Current.SendDiagnosticMessage($"{processes}: floor {floor * 1000:F1} ms, pass {passes[0] * 1000:F1} ms, ratio {ratio:F2}");
        Assert.InRange(ratio, 0.3, 1.15);
    }

    [Fact]
    public void Idle_page_passes_do_not_stall_a_target_as_referenced_bits_do()
    {
        double without = Math.Max(Longest("without-1"), Longest("without-2"));
        double idle = Longest("page_idle");
        double referenced = Longest("referenced");
        output.WriteLine($"longest mmap: without {without} us, page_idle {idle} us, referenced {referenced} us");
        TestContext.Current.SendDiagnosticMessage($"longest mmap: without {without} us, page_idle {idle} us, referenced {referenced} us");
        Assert.InRange(idle, 0, referenced);
    }

    private IEnumerable<double> Floors(string processes) =>
        from run in (int[])[1, 2]
        from pass in boot["cost"].Lines($"{processes}-floor-{run}.json").Skip(1)
        select pass.GetProperty("cpu_us").GetDouble() / 1e6;

    private IEnumerable<double> Passes(string processes) =>
        from run in (int[])[1, 2]
        from line in boot["cost"].Text($"{processes}-{run}-passes.txt").Split('\n').Skip(24)
        select double.Parse(line, CultureInfo.InvariantCulture);

    private double Longest(string stretch)
    {
        JsonElement figures = boot["stall"].Last($"{stretch}.json");
        return figures.GetProperty("longest_us").GetDouble();
    }
}
