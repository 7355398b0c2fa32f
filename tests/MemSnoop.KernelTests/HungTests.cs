namespace MemSnoop.KernelTests;

/// <summary>The idle bitmap while a process holds the lock of its address space and does not answer: <c>page_idle</c> walks over others behind it.</summary>
public sealed class HungTests(GeneralBoot boot) : IClassFixture<GeneralBoot>
{
    private const double MB = 1 << 20;

    [Fact]
    public void It_is_left_out_and_the_others_windows_are_whole()
    {
        (string hung, string other) = Pids();
        Scrape scrape = new(boot["hung"].Text("map.txt"));
        Assert.Empty(WorkingSets(scrape, hung));
        Assert.InRange(WorkingSets(scrape, other).Sum(), 20 * MB, 22 * MB);
        Assert.Equal(1, scrape.Value("memsnoop_processes_hung"));
        Assert.Equal(1, scrape.Value("memsnoop_measurement_success", ("measurement", "working-set")));
    }

    [Fact]
    public void When_it_answers_it_is_measured_again()
    {
        (string hung, string other) = Pids();
        Scrape scrape = new(boot["hung"].Text("after.txt"));
        Assert.InRange(WorkingSets(scrape, hung).Sum(), 40 * MB, 42 * MB);
        Assert.InRange(WorkingSets(scrape, other).Sum(), 20 * MB, 22 * MB);
        Assert.Equal(0, scrape.Value("memsnoop_processes_hung"));
    }

    private (string Hung, string Other) Pids() => boot["hung"].Text("pids.txt").Trim().Split(' ') is [var hung, var other] ? (hung, other) : throw new LabException("The scenario left no pids.");

    private static double[] WorkingSets(Scrape scrape, string pid) => [.. scrape.Of("memsnoop_process_working_set_bytes", ("pid", pid)).Select(static sample => sample.Number)];
}
