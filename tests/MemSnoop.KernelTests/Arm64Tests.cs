using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>A machine with 64-bit ARM processors and pages of 64 kB. Kernel, program and workloads are cross-compiled.</summary>
public sealed class Arm64Boot(KernelLab lab) : LabBoot(lab)
{
    private static readonly string App = Path.Combine(Checkout.Root, "artifacts", "native-arm64", "memsnoop");
    private static readonly string Programs = Path.Combine(KernelLab.Output, "programs-arm64");
    private string _kernel = "";

    protected override IReadOnlyList<string> Scenarios => ["smoke", "arm64"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(10);

    protected override IReadOnlyList<string> Arguments => ["--arch", "arm64"];

    private protected override LabMachine Machine => new(_kernel, App, Programs);

    // Where the kernel is not kept from an earlier run, it is made first.
    protected override async Task PrepareAsync()
    {
        TimeSpan deadline = TimeSpan.FromMinutes(60);
        await Command.RunAsync("make", ["-s", "-C", Path.Combine(Checkout.Root, "tests", "workloads"), "CC=aarch64-linux-gnu-gcc", $"OUT={Programs}"], deadline);
        await Command.RunAsync("make", ["-s", "-C", Checkout.Root, "native-arm64"], deadline);
        _kernel = (await Command.RunAsync(Path.Combine(KernelLab.Scripts, "build-kernel-arm64.sh"), [], deadline)).Trim();
    }
}

/// <summary>What is another on 64-bit ARM: the numbers of system calls, flags of open(2), the size of a page.</summary>
[LongTier(Scenario)]
public sealed class Arm64Tests(Arm64Boot boot) : IClassFixture<Arm64Boot>
{
    private const string Scenario = "arm";
    private const int PageBytes = 64 << 10;
    private const double Hot = 20 << 20;

    // The program's own: its stack, its libraries and its data, in pages of 64 kB.
    private const double Own = 3 << 20;

    [Fact]
    public void The_machine_is_what_it_should_be()
    {
        Assert.StartsWith("6.12.", boot["smoke"].Text("kernel.txt"), StringComparison.Ordinal);
        Assert.EndsWith("aarch64", boot["arm64"].Text("kernel.txt"), StringComparison.Ordinal);
        Assert.Contains("linux-arm64", boot["arm64"].Text("version.txt"), StringComparison.Ordinal);
    }

    [Fact]
    public void Touched_pages_of_64_kB_become_active_and_the_others_stay_idle()
    {
        ScenarioResult smoke = boot["smoke"];
        Assert.Equal((4 << 20) / PageBytes, smoke.Last("hot.json").GetProperty("pages").GetInt32());
        Assert.Equal(0, smoke.Last("hot.json").GetProperty("idle").GetInt32());
        Assert.Equal((16 << 20) / PageBytes, smoke.Last("cold.json").GetProperty("pages").GetInt32());
        Assert.InRange(smoke.Last("cold.json").GetProperty("active").GetInt32(), 0, 62);
    }

    [Fact]
    public void The_idle_bitmap_tells_what_was_used()
    {
        JsonElement window = JsonElement.Parse(boot["arm64"].Text("wss.json"));
        Assert.Equal(("page_idle", "none"), (window.GetProperty("method").GetString(), window.GetProperty("disturbance").GetString()));
        double used = window.GetProperty("used_bytes").GetDouble();
        Assert.InRange(used, Hot, Hot + Own);
        Assert.Equal(0, used % PageBytes);
        Measured.Note(Scenario, FormattableString.Invariant($"pages of 64 kB: {used / (1 << 20):F2} MB used where a program touches 20 of 60"));
    }

    [Fact]
    public void Events_of_the_kernel_are_counted()
    {
        string[] lines = boot["arm64"].Text("scrape.txt").Split('\n');
        foreach (string name in (ReadOnlySpan<string>)["page-faults", "task-clock"])
        {
            Assert.Contains(lines, line => line.StartsWith("memsnoop_process_counter", StringComparison.Ordinal) && line.Contains($"event=\"{name}\"", StringComparison.Ordinal));
        }
    }
}
