using MemSnoop.Kernel;
using MemSnoop.Metrics.Checks;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Exporter.Tests.Sampling;

/// <summary>What <c>memsnoop check</c> says of hosts that this machine is not.</summary>
public class DisturbanceCheckTests
{
    [Theory]
    [InlineData(false, false, "not_built", true, "ok", "ok")]
    [InlineData(true, false, "ok", true, "ok", "ok")]
    [InlineData(true, true, "ok", true, "limited", "generations_on")]
    [InlineData(true, true, "no_debugfs", true, "limited", "no_debugfs")]
    [InlineData(true, true, "locked_down", true, "limited", "locked_down")]
    [InlineData(true, true, "malformed", true, "limited", "malformed")]
    [InlineData(true, true, "ok", false, "ok", "ok")]
    public void Generations(bool isBuilt, bool isOn, string found, bool isDisturbed, string state, string reason) =>
        Expect(state, reason, DisturbanceCheck.Generations((isBuilt, isOn, found), isDisturbed));

    [Theory]
    [InlineData(false, false, true, "ok", "ok")]
    [InlineData(true, false, true, "ok", "ok")]
    [InlineData(true, true, true, "limited", "damon_on")]
    [InlineData(true, true, false, "ok", "ok")]
    public void Damon(bool exists, bool isOn, bool isDisturbed, string state, string reason)
    {
        Expect(state, reason, DisturbanceCheck.Damon((exists, isOn), "damon_stat, damon_reclaim", isDisturbed));
        Expect(state, reason, DisturbanceCheck.Damon((exists, isOn), "", isDisturbed));
    }

    [Fact]
    public void Another_reader_is_named()
    {
        Expect("ok", "ok", DisturbanceCheck.Readers([]));
        HostFinding finding = DisturbanceCheck.Readers([77, 78]);
        Expect("limited", "bitmap_in_use", finding);
        Assert.Contains("process 77, 78", finding.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_directory_that_cannot_be_used_is_named()
    {
        using TemporaryDirectory directory = new();
        File.WriteAllText(directory["file"], "");
        HostFinding finding = Assert.Single(
            DisturbanceCheck.Find(new KernelPaths(RunDirectory: directory["file/run"]), PageIdleEstimator.MethodName), static finding => finding.Topic == "locks");
        Expect("limited", "no_locks", finding);
        Assert.Contains(directory["file/run"], finding.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("6.1.0", true, "limited", "numa_balancing_on")]
    [InlineData("6.1.0", false, "ok", "ok")]
    [InlineData("6.2.0", true, "ok", "ok")]
    public void Numa_balancing(string kernel, bool isDisturbed, string state, string reason) =>
        Expect(state, reason, DisturbanceCheck.Numa(isDisturbed, Version.Parse(kernel)));

    private static void Expect(string state, string reason, HostFinding finding)
    {
        Assert.Equal((state, reason), (finding.State, finding.Reason));
        Assert.NotEqual("", finding.Detail);
        Assert.Equal(state == "ok", finding.Advice.Length == 0);
    }
}
