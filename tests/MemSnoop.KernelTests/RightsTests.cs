namespace MemSnoop.KernelTests;

/// <summary>
/// Which of root's rights the program needs to measure another user's process: what <c>deploy/kubernetes/components/least-privilege</c> gives it is enough, and
/// none of it can be left out.
/// </summary>
public sealed class RightsTests(GeneralBoot boot) : IClassFixture<GeneralBoot>
{
    private const string Skipped = "memsnoop_measurement_skipped_total";
    private const double MB = 1 << 20;

    [Theory]
    [InlineData("all", "page_idle")]
    [InlineData("bitmap-alone", "page_idle")]   // of /sys nothing else can be written
    [InlineData("all-referenced", "referenced")]
    [InlineData("no-admin", "damon")]   // auto falls back; by samples, so with an error
    [InlineData("read-only", "page_idle")]   // writes to no file of the target, so the right to read is enough
    public void Working_sets_are_measured(string run, string method)
    {
        Scrape scrape = Scraped(run);
        Assert.Equal(method, On(scrape));
        double error = scrape.Has("memsnoop_process_working_set_error_bytes", Target) ? scrape.Sum("memsnoop_process_working_set_error_bytes", Target) : 0;
        Assert.InRange(scrape.Sum("memsnoop_process_working_set_bytes", Target), (20 * MB) - error, (22 * MB) + error);
        Assert.DoesNotContain(scrape.Of(Skipped, ("measurement", "working-set"), ("reason", "denied")), static sample => sample.Number > 0);
    }

    [Theory]
    [InlineData("no-ptrace", "page_idle")]
    [InlineData("no-override", "page_idle")]
    [InlineData("no-override-referenced", "referenced")]
    [InlineData("read-only-referenced", "referenced")]
    public void Without_one_of_them_they_are_absent_and_counted_as_denied(string run, string method)
    {
        Scrape scrape = Scraped(run);
        Assert.Equal(method, On(scrape));
        Assert.False(scrape.Has("memsnoop_process_working_set_bytes", Target));
        Assert.True(scrape.Value(Skipped, ("measurement", "working-set"), ("reason", "denied")) > 0);
    }

    [Fact]
    public void Without_SYS_ADMIN_frame_numbers_and_generations_are_hidden_and_it_says_so()
    {
        Scrape scrape = Scraped("no-admin");
        Assert.Equal("no_capability", Reason(scrape, "working-set", "page_idle"));
        Assert.Equal("denied", Reason(scrape, "generations"));
        Assert.Contains("method page_idle does not work here: the kernel hides page frame numbers from this process", boot["rights"].Text("no-admin.log"), StringComparison.Ordinal);
        Assert.NotEqual("denied", Reason(Scraped("all"), "generations"));
    }

    [Theory]
    [InlineData("all", true, true)]
    [InlineData("no-admin", true, true)]
    [InlineData("no-ptrace", false, false)]
    [InlineData("no-override", false, true)]
    [InlineData("read-only", true, true)]
    public void Readings_need_what_their_files_need(string run, bool hasIo, bool hasSmaps)
    {
        Scrape scrape = Scraped(run);
        Assert.True(scrape.Has("memsnoop_process_memory_resident_bytes", Target));
        Assert.Equal(hasIo, scrape.Has("memsnoop_process_io_syscalls_total", Target));
        Assert.Equal(hasSmaps, scrape.Has("memsnoop_process_memory_proportional_bytes", Target));
    }

    /// <summary>The target is another user's. SYS_ADMIN includes PERFMON.</summary>
    [Theory]
    [InlineData("all", "ok")]
    [InlineData("no-admin", "perf_event_paranoid")]
    [InlineData("no-admin-perfmon", "ok")]
    [InlineData("no-ptrace", "ok")]
    public void Events_are_counted_with_PERFMON_or_what_includes_it(string run, string reason)
    {
        Scrape scrape = Scraped(run);
        Assert.Equal(reason == "ok", scrape.Has("memsnoop_process_counter_total", Target));
        Assert.Equal(reason, Reason(scrape, "counters"));
    }

    private int Target => boot["rights"].Last("target.json").GetProperty("pid").GetInt32();

    private Scrape Scraped(string run) => new(boot["rights"].Text($"{run}.txt"));

    private static string? On(Scrape scrape) =>
        Assert.Single(scrape.Of("memsnoop_measurement_info", ("measurement", "working-set"), ("state", "on"))).Label("method");

    private static string? Reason(Scrape scrape, string measurement, string? method = null) =>
        scrape.Of("memsnoop_measurement_info", ("measurement", measurement)).First(sample => method is null || sample.Label("method") == method).Label("reason");
}
