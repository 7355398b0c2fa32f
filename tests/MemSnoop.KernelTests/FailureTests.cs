namespace MemSnoop.KernelTests;

public sealed class FailingBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["lab-fails", "smoke", "lab-dies"];
}

public sealed class HangingBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["lab-hangs"];

    protected override TimeSpan Deadline => TimeSpan.FromSeconds(15);
}

/// <summary>A lab that hides failures would prove nothing.</summary>
public sealed class FailureTests(FailingBoot failing, HangingBoot hanging) : IClassFixture<FailingBoot>, IClassFixture<HangingBoot>
{
    [Fact]
    public void A_failing_scenario_throws_with_its_output()
    {
        LabException exception = Assert.Throws<LabException>(() => failing["lab-fails"]);
        Assert.Contains("ended with 1", exception.Message);
        Assert.Contains("about to fail", exception.Message);
        Assert.DoesNotContain("not reached", exception.Message);
    }

    [Fact]
    public void The_next_scenario_of_the_boot_still_runs() => Assert.Equal(0, failing["smoke"].Status);

    [Fact]
    public void A_guest_that_goes_down_throws() =>
        Assert.Contains("did not come to its end", Assert.Throws<LabException>(() => failing["lab-dies"]).Message);

    [Fact]
    public void A_hang_ends_at_the_deadline_with_the_console()
    {
        string message = Assert.Throws<LabException>(() => hanging["lab-hangs"]).Message;
        Assert.Contains("not done after 15 s", message);
        Assert.Contains("== lab-hangs,", message);
    }
}
