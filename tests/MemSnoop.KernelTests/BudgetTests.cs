using System.Globalization;
using System.Text.Json;

namespace MemSnoop.KernelTests;

public sealed class BudgetBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["budget"];

    protected override IReadOnlyList<string> Arguments => ["--count-instructions", "--memory", "2048"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(15);
}

/// <summary>The largest guest that a machine of 24 GB boots beside the tests; for the long tier.</summary>
public sealed class LargeBudgetBoot(KernelLab lab) : LabBoot(lab)
{
    internal const int MemoryMb = 16_000;

    protected override IReadOnlyList<string> Scenarios => ["budget"];

    protected override IReadOnlyList<string> Arguments => ["--count-instructions", "--memory", MemoryMb.ToString(CultureInfo.InvariantCulture)];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(90);
}

public sealed class SmallBudgetTests(BudgetBoot boot, ITestOutputHelper output) : BudgetTests(boot, output), IClassFixture<BudgetBoot>
{
    protected override void Note(string figures)
    {
    }
}

[LongTier("budget")]
public sealed class LargeBudgetTests(LargeBudgetBoot boot, ITestOutputHelper output) : BudgetTests(boot, output), IClassFixture<LargeBudgetBoot>
{
    protected override void Note(string figures) => Measured.Note("budget", FormattableString.Invariant($"guest of {LargeBudgetBoot.MemoryMb / 1000} GB: {figures}"));
}

/// <summary>A budget of a quarter of what a full pass takes, with real pages.</summary>
public abstract class BudgetTests(LabBoot boot, ITestOutputHelper output)
{
    private const int Windows = 6;

    // Program, stack and libraries of the workload.
    private const double OwnBytes = 3e6;

    private double Budget => double.Parse(boot["budget"].Text("budget.txt"), CultureInfo.InvariantCulture) / 100;

    [Fact]
    public void A_quarter_of_a_full_pass_is_kept_within_a_tenth()
    {
        double[] used = [.. Numbers().Select(window => Series(window, "memsnoop_cpu_budget_used")!.Value)];
        double share = Series(Window("share", Windows), "memsnoop_working_set_share")!.Value;
        Say($"budget {Budget:P3} of a core, used {used.Min():P3} to {used.Max():P3}, share {share:P1}");
        Assert.InRange(share, 0.02, 0.6);
        Assert.All(used, cores => Assert.InRange(cores, Budget * 0.8, Budget * 1.1));
        Assert.InRange(used.Average(), Budget * 0.85, Budget * 1.05);
        Assert.Equal(1, Series(Window("full", 6), "memsnoop_working_set_share"));
    }

    /// <summary>
    /// 2,400 units tell within 2 % what is used of 1 TiB. What a page costs more is counted here, where it is looked at as a page of a process and as a frame of a container; time follows
    /// at 3 GHz and one instruction a cycle. An instruction of this guest's clock is 2 ns.
    /// </summary>
    [Fact]
    public void As_many_units_as_a_tebibyte_needs_take_a_hundredth_of_a_core()
    {
        double all = boot["budget"].Last("large.json").GetProperty("resident_bytes").GetDouble() + boot["budget"].Last("huge.json").GetProperty("resident_bytes").GetDouble();
        double share = Series(Window("share", Windows), "memsnoop_working_set_share")!.Value;
        double page = (Cpu("full", 6) - Cpu("share", Windows)) / 2e-9 / (all / 4096 * (1 - share));
        double cores = 2400 * 512 * page / 3e9 / 60;
        Say($"{page:F0} instructions a page; 2,400 units each minute: {cores:P2} of a core");
        Assert.InRange(cores, 0.001, 0.011);
    }

    /// <summary>
    /// An interval of 95 % misses the truth once in twenty choices, and there is one choice in a boot. So three of four have to hold it, and none may be off by 1.7 times its half width, which
    /// happens once in a thousand. How often intervals hold is counted in CoverageTests.
    /// </summary>
    [Fact]
    public void The_truth_lies_within_the_error()
    {
        double large = Hot("large");
        double huge = Hot("huge");
        string container = $"container_id=\"{boot["budget"].Text("container.txt").Trim()}\"";
        double[] off =
        [
            Off("memsnoop_process_working_set", $"pid=\"{boot["budget"].Text("large-pid.txt").Trim()}\"", large),
            Off("memsnoop_process_working_set", $"pid=\"{boot["budget"].Text("huge-pid.txt").Trim()}\"", huge),
            Off("memsnoop_container_working_set", container, large + huge),
            Off("memsnoop_container_memory_used", container, large + huge),
        ];
        Assert.All(off, static half => Assert.InRange(half, 0, 1.7));
        Assert.InRange(off.Count(static half => half <= 1), 3, 4);

        double Hot(string process) => boot["budget"].Last($"{process}.json").GetProperty("hot_bytes").GetDouble();
    }

    /// <summary>By how many half widths an estimate is off. The program's own code and stack count too.</summary>
    private double Off(string series, string who, double hot)
    {
        string window = Window("share", Windows);
        double estimate = Series(window, $"{series}_bytes", who, "kind=\"anon\"")!.Value;
        double error = Series(window, $"{series}_error_bytes", who, "kind=\"anon\"")!.Value;
        Say($"{series}: {hot / 1e6:F1} MB hot, estimate {estimate / 1e6:F1} MB ± {error / 1e6:F1} MB");
        Assert.InRange(error, 1e6, hot);
        return Math.Max(0, Math.Max(hot - estimate, estimate - hot - (2 * OwnBytes))) / error;
    }

    [Fact]
    public void A_small_process_is_measured_whole()
    {
        string pid = boot["budget"].Text("small-pid.txt").Trim();
        string window = Window("share", Windows);
        Assert.Null(Series(window, "memsnoop_process_working_set_error_bytes", $"pid=\"{pid}\"", "kind=\"anon\""));
        double hot = boot["budget"].Last("small.json").GetProperty("hot_bytes").GetDouble();
        Assert.InRange(Series(window, "memsnoop_process_working_set_bytes", $"pid=\"{pid}\"", "kind=\"anon\"")!.Value, hot, hot + OwnBytes);
    }

    [Fact]
    public void The_next_exporter_goes_on_with_the_share_and_its_ages()
    {
        string before = Window("share", Windows);
        string after = Window("restarted", 1);
        Assert.Equal(1, Series(after, "memsnoop_working_set_ages_info", "outcome=\"continued\""));
        Assert.Equal(Series(before, "memsnoop_working_set_share")!.Value, Series(after, "memsnoop_working_set_share")!.Value, 1e-6);

        // What is never touched has been idle for longer than this exporter runs: the same units tell of the same memory.
        double ratio = Idle(after) / Idle(before);
        Say($"idle memory after a restart, of that before: {ratio:P1}");
        Assert.InRange(ratio, 0.98, 1.02);

        double Idle(string window)
        {
            string pid = $"pid=\"{boot["budget"].Text("large-pid.txt").Trim()}\"";
            string oldest = window.Split('\n').Last(line => line.StartsWith("memsnoop_process_idle_bytes{", StringComparison.Ordinal) && line.Contains(pid, StringComparison.Ordinal));
            Assert.DoesNotContain("age=\"0\"", oldest, StringComparison.Ordinal);
            return double.Parse(oldest[(oldest.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
        }
    }

    [Fact]
    public void With_next_to_nothing_there_are_no_numbers_and_it_is_said_what_it_would_take()
    {
        string window = Window("nothing", 6);
        Assert.DoesNotContain("\nmemsnoop_process_working_set_bytes{", window, StringComparison.Ordinal);
        Assert.DoesNotContain("\nmemsnoop_container_memory_used_bytes{", window, StringComparison.Ordinal);
        Assert.True(Series(window, "memsnoop_measurement_skipped_total", "measurement=\"working-set\"", "reason=\"budget\"") > 0);
        Assert.True(Series(window, "memsnoop_cpu_budget_needed", "for=\"anything\"") > 1e-5);
        Assert.Contains("leaves no time", boot["budget"].Text("exporter.log"), StringComparison.Ordinal);
    }

    private double Cpu(string name, int window) => Series(Window(name, window), "memsnoop_measurement_cpu_seconds", "measurement=\"working-set\"")!.Value;

    private IEnumerable<string> Numbers() => Enumerable.Range(1, Windows).Select(number => Window("share", number));

    private string Window(string name, int number) => boot["budget"].Text($"{name}-{number}.txt");

    private static double? Series(string window, string name, params string[] labels)
    {
        string? line = window.Split('\n').FirstOrDefault(line =>
            (line.StartsWith($"{name}{{", StringComparison.Ordinal) || line.StartsWith($"{name} ", StringComparison.Ordinal)) && labels.All(label => line.Contains(label, StringComparison.Ordinal)));
        return line is null ? null : double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    private void Say(FormattableString figures)
    {
        string text = FormattableString.Invariant(figures);
        output.WriteLine(text);
        TestContext.Current.SendDiagnosticMessage(text);
        Note(text);
    }

    protected abstract void Note(string figures);
}
