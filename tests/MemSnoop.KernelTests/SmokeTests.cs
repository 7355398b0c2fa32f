namespace MemSnoop.KernelTests;

/// <summary>The lab itself, before anything is concluded from it.</summary>
public sealed class SmokeTests(GeneralBoot boot) : IClassFixture<GeneralBoot>
{
    [Fact]
    public void The_kernel_is_the_one_that_was_built() => Assert.StartsWith($"{KernelLab.Series}.", boot["smoke"].Text("kernel.txt"));

    [Fact]
    public void Touched_pages_become_active_and_the_others_stay_idle()
    {
        ScenarioResult smoke = boot["smoke"];

        Assert.Equal(4 << 20, smoke.Last("touch.json").GetProperty("hot_bytes").GetInt32());
        Assert.Equal(1024, smoke.Last("hot.json").GetProperty("pages").GetInt32());
        Assert.Equal(0, smoke.Last("hot.json").GetProperty("idle").GetInt32());
        Assert.Equal(4096, smoke.Last("cold.json").GetProperty("pages").GetInt32());
        // Pages in a processor's queue for the page lists cannot be marked yet: two processors, at most 31 pages each.
        Assert.InRange(smoke.Last("cold.json").GetProperty("active").GetInt32(), 0, 62);
    }

    [Fact]
    public void A_published_program_runs_inside() => Assert.True(boot["smoke"].Exists("memsnoop.txt"));
}
