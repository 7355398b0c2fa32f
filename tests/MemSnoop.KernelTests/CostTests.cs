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
        // The least of each is what the work costs; the rest is the emulator's host.
        double floor = boot["cost"].Lines($"{processes}-floor.json").Min(static pass => pass.GetProperty("cpu_us").GetDouble() / 1e6);
        double[] passes = [.. boot["cost"].Text($"{processes}-passes.txt").Split('\n').Select(static line => double.Parse(line, CultureInfo.InvariantCulture)).Order()];
        double ratio = passes[0] / floor;
        output.WriteLine($"{processes}: floor {floor * 1000:F1} ms, pass {passes[0] * 1000:F1} ms (median {passes[passes.Length / 2] * 1000:F1}), ratio {ratio:F2}, {passes.Length} passes");
        TestContext.Current.SendDiagnosticMessage($"{processes}: floor {floor * 1000:F1} ms, pass {passes[0] * 1000:F1} ms, ratio {ratio:F2}");
        Assert.InRange(ratio, 0.3, 1.15);
    }

    [Fact]
    public void Idle_page_passes_do_not_stall_a_target_as_referenced_bits_do()
    {
        double[] without = [.. Longest("without-1"), .. Longest("without-2")];
        double[] idle = Longest("page_idle");
        double[] referenced = Longest("referenced");
        string figures = $"longest mmap: without {without.Max()} us, page_idle {idle.Max()} us, referenced {referenced.Max()} us; "
            + $"of a second, in the middle: {Middle(without)}, {Middle(idle)}, {Middle(referenced)} us";
        output.WriteLine(figures);
        TestContext.Current.SendDiagnosticMessage(figures);

        // The emulator's host may stall anything at any time, which shows in the longest of all and hardly in the middle.
        Assert.InRange(Middle(idle), 0, Middle(referenced));
    }

    private static double Middle(double[] figures) => figures.Order().ElementAt(figures.Length / 2);

    private double[] Longest(string stretch) => [.. boot["stall"].Lines($"{stretch}.json").Select(static second => second.GetProperty("longest_us").GetDouble())];
}
