namespace MemSnoop.KernelTests;

/// <summary>40 MB touched of 200 MB are 40 MB, whatever the pages are.</summary>
public sealed class EngineTests(GeneralBoot boot) : IClassFixture<GeneralBoot>
{
    // 1 % of 40 MB, beyond what the program's own code, stack and libraries need.
    private const double Tolerance = 0.4;
    private const double OwnMb = 0.6;

    [Theory]
    [InlineData("small")]
    [InlineData("huge")]
    [InlineData("holes")]
    [InlineData("folios64k")]
    [InlineData("shmem")]
    [InlineData("file")]
    public void The_working_set_is_what_was_touched(string pages)
    {
        WssLine line = WssLine.Parse(boot["engine"].Text($"{pages}-wss.txt"));
        Assert.Equal("page_idle", line.Method);
        Assert.InRange(line.UsedMb, 40 - Tolerance, 40 + Tolerance + OwnMb);
        Assert.InRange(line.Seconds, 3, 5);
    }

    [Theory]
    [InlineData("huge", 200 << 20)]
    [InlineData("holes", 40 << 20)]
    public void The_workload_really_had_huge_pages(string pages, int bytes) =>
        Assert.Equal(bytes, boot["engine"].Last($"{pages}.json").GetProperty("anon_huge_bytes").GetInt32());

    [Theory]
    [InlineData("hugetlb")]
    [InlineData("zero")]
    public void Pages_without_an_idle_state_are_not_counted_as_used(string kind) =>
        Assert.InRange(WssLine.Parse(boot["engine"].Text($"{kind}-wss.txt")).UsedMb, 0.01, OwnMb + Tolerance);

    // The arrays are 16 MB each, 3,907 pages; only areas of their size are counted here.
    [Theory]
    [InlineData("single", 0, 0)]
    [InlineData("single", 1, 16_000_000)]
    [InlineData("single", 2, 0)]
    [InlineData("double", 0, 0)]
    [InlineData("double", 1, 16_000_000)]
    [InlineData("double", 2, 16_000_000)]
    [InlineData("double", 3, 0)]
    public void An_array_is_used_in_its_phase_and_no_other(string program, int phase, int bytes)
    {
        double used = WssLine.Parse(boot["phases"].Text($"{program}-{phase}.txt")).UsedMb * (1 << 20);
        Assert.InRange(used, Math.Max(0, bytes * 0.99), (bytes * 1.01) + 200_000);
    }
}
