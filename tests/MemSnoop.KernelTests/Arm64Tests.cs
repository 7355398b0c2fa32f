using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>A machine with 64-bit ARM processors. Kernel, program and workloads are cross-compiled. A class for each size of a page that x86-64 does not have.</summary>
public abstract class Arm64Boot(KernelLab lab, int pageKilobytes) : LabBoot(lab)
{
    private static readonly string App = Path.Combine(Checkout.Root, "artifacts", "native-arm64", "memsnoop");
    private static readonly string Programs = Path.Combine(KernelLab.Output, "programs-arm64");
    private string _kernel = "";

    internal int PageBytes => pageKilobytes << 10;

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
        _kernel = (await Command.RunAsync(Path.Combine(KernelLab.Scripts, "build-kernel-arm64.sh"), [$"{pageKilobytes}"], deadline)).Trim();
    }
}

/// <summary>Pages of 16 kB, as on machines of Apple.</summary>
public sealed class Arm64Boot16(KernelLab lab) : Arm64Boot(lab, 16);

/// <summary>Pages of 64 kB, as RHEL's and Ubuntu's large-page kernels have them.</summary>
public sealed class Arm64Boot64(KernelLab lab) : Arm64Boot(lab, 64);

/// <summary>What is another on 64-bit ARM: the numbers of system calls, flags of open(2), the size of a page.</summary>
public abstract class Arm64Tests(Arm64Boot boot)
{
    private protected const string Scenario = "arm";
    private const double Hot = 20 << 20;

    // Each part of a file mapping and the stack is a page or some at least.
    private double Own => (1 << 20) + (32 * boot.PageBytes);

    [Fact]
    public void The_machine_is_what_it_should_be()
    {
        Assert.StartsWith("6.12.", boot["smoke"].Text("kernel.txt"), StringComparison.Ordinal);
        Assert.EndsWith("aarch64", boot["arm64"].Text("kernel.txt"), StringComparison.Ordinal);
        Assert.Contains("linux-arm64", boot["arm64"].Text("version.txt"), StringComparison.Ordinal);
    }

    [Fact]
    public void Touched_pages_become_active_and_the_others_stay_idle()
    {
        ScenarioResult smoke = boot["smoke"];
        Assert.Equal((4 << 20) / boot.PageBytes, smoke.Last("hot.json").GetProperty("pages").GetInt32());
        Assert.Equal(0, smoke.Last("hot.json").GetProperty("idle").GetInt32());
        Assert.Equal((16 << 20) / boot.PageBytes, smoke.Last("cold.json").GetProperty("pages").GetInt32());
        Assert.InRange(smoke.Last("cold.json").GetProperty("active").GetInt32(), 0, 62);
    }

    [Fact]
    public void The_idle_bitmap_tells_what_was_used()
    {
        JsonElement window = JsonElement.Parse(boot["arm64"].Text("wss.json"));
        Assert.Equal(("page_idle", "none"), (window.GetProperty("method").GetString(), window.GetProperty("disturbance").GetString()));
        double used = window.GetProperty("used_bytes").GetDouble();
        Assert.InRange(used, Hot, Hot + Own);
        Assert.Equal(0, used % boot.PageBytes);
        Measured.Note(Scenario, FormattableString.Invariant($"pages of {boot.PageBytes >> 10} kB: {used / (1 << 20):F2} MB used where a program touches 20 of 60"));
    }

    /// <summary>What was measured above was measured behind them: other numbers of system calls than on x86-64, and a filter that looks at them.</summary>
    [Fact]
    public void Every_thread_has_the_walls()
    {
        string threads = boot["arm64"].Text("threads.txt");
        Assert.All(["NoNewPrivs:\t1", "Seccomp:\t2"], field => Assert.Equal(Count(threads, "CapEff:"), Count(threads, field)));
        Assert.True(Count(threads, "CapEff:") > 1, threads);
        Assert.DoesNotContain("CapEff:\t000001ffffffffff", threads, StringComparison.Ordinal);
        Assert.Matches("(?m)^ok +sandbox +serve keeps CAP_.*; no new privileges; system calls are filtered$", boot["arm64"].Text("check.txt"));
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

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

[LongTier("arm")]
public sealed class Arm64Pages16Tests(Arm64Boot16 boot) : Arm64Tests(boot), IClassFixture<Arm64Boot16>;

[LongTier("arm")]
public sealed class Arm64Pages64Tests(Arm64Boot64 boot) : Arm64Tests(boot), IClassFixture<Arm64Boot64>;
