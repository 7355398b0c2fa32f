namespace MemSnoop.KernelTests;

public sealed class StallBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["stall"];
}

/// <summary>What passes do to a target that maps and unmaps memory all the time.</summary>
public sealed class StallTests(StallBoot boot, ITestOutputHelper output) : IClassFixture<StallBoot>
{
    [Fact]
    public void Idle_page_passes_and_DAMON_do_not_stall_a_target_as_referenced_bits_do()
    {
        double[] without = [.. Longest("without-1"), .. Longest("without-2")];
        double[] idle = Longest("page_idle");
        double[] damon = Longest("damon");
        double[] referenced = Longest("referenced");
        string figures = $"longest mmap: without {without.Max()} us, page_idle {idle.Max()} us, damon {damon.Max()} us, referenced {referenced.Max()} us; "
            + $"of a second, in the middle: {Middle(without)}, {Middle(idle)}, {Middle(damon)}, {Middle(referenced)} us";
        output.WriteLine(figures);
        TestContext.Current.SendDiagnosticMessage(figures);

        // The emulator's host may stall anything at any time, which shows in the longest of all and hardly in the middle.
        Assert.InRange(Middle(idle), 0, Middle(referenced));
        Assert.InRange(Middle(damon), 0, Middle(referenced));
    }

    private static double Middle(double[] figures) => figures.Order().ElementAt(figures.Length / 2);

    private double[] Longest(string stretch) => [.. boot["stall"].Lines($"{stretch}.json").Select(static second => second.GetProperty("longest_us").GetDouble())];
}
