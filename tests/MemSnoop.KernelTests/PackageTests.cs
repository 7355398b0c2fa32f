using System.Globalization;
using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>A Debian whose init is systemd, with version 2 of the control groups, and two versions of the exporter's package to install.</summary>
public sealed class PackageBoot(KernelLab lab) : LabBoot(lab)
{
    private static readonly string Packages = Path.Combine(KernelLab.Output, "packages");

    protected override IReadOnlyList<string> Scenarios => ["package", "units"];

    protected override IReadOnlyList<string> Arguments => ["--root", "debian", "--packages", Packages];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(10);

    // Where the root is not kept from an earlier run, it is made first.
    protected override async Task PrepareAsync()
    {
        await Command.RunAsync(Path.Combine(KernelLab.Scripts, "debian-root.sh"), [], TimeSpan.FromMinutes(15));
        await Command.RunAsync(Path.Combine(KernelLab.Scripts, "package-versions.sh"), [KernelLab.App, Packages], TimeSpan.FromMinutes(5));
    }
}

/// <summary>The life of the package on a host, from its installation to its purge.</summary>
[LongTier(Scenario)]
public sealed class PackageTests(PackageBoot boot) : IClassFixture<PackageBoot>
{
    private const string Scenario = "package-under-systemd";

    private ScenarioResult Package => boot["package"];

    [Fact]
    public void Installed_it_is_enabled_and_ready_when_dpkg_returns()
    {
        Dictionary<string, string> unit = Unit("installed");

        Assert.Equal(("notify", "enabled", "active", "running"), (unit["Type"], unit["UnitFileState"], unit["ActiveState"], unit["SubState"]));
        Assert.Equal("", Package.Text("verify.txt"));
        // The scenario did not wait before this scrape.
        ExpositionSample[] metrics = Metrics("installed");
        Assert.Contains(metrics, static sample => sample.Name == "memsnoop_build_info" && sample.Number == 1);
        foreach (string process in (ReadOnlySpan<string>)["systemd", "systemd-journal", "touch", "memsnoop"])
        {
            Assert.Contains(metrics, sample => sample.Name == "memsnoop_process_memory_resident_bytes" && sample.Label("comm") == process && sample.Number > 0);
        }
    }

    [Fact]
    public void The_unit_has_few_rights_and_a_host_that_it_cannot_write_to()
    {
        string[] status = Package.Text("status.txt").Split('\n');
        Assert.Contains("NoNewPrivs:\t1", status);
        Assert.Contains("Seccomp:\t2", status);
        // CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE, CAP_SYS_ADMIN and CAP_PERFMON
        Assert.Contains("CapBnd:\t0000004000280006", status);
        // No events are counted, so it has given CAP_PERFMON up itself.
        Assert.Contains("CapEff:\t0000000000280006", status);
        Assert.Equal(["/run/memsnoop", "/sys/kernel/mm/page_idle/bitmap"], Package.Text("writable.txt").Split('\n'));

        // "→ Overall exposure level for memsnoop.service: 2.8 OK": 10 is a service without any of it.
        string last = Package.Text("security.txt").Split('\n')[^1];
        double exposure = double.Parse(last.Split(": ")[1].Split(' ')[0], CultureInfo.InvariantCulture);
        Measured.Note(Scenario, FormattableString.Invariant($"exposure by systemd-analyze security {exposure:F1} of 10"));
        Assert.InRange(exposure, 0, 4);
    }

    [Fact]
    public void Inside_the_unit_it_measures_other_users_processes_with_the_bitmap()
    {
        ExpositionSample[] metrics = Metrics("configured");

        AssertMethod(metrics, "page_idle");
        Assert.InRange(WorkingSet(metrics), 4 << 20, 12 << 20);
    }

    [Fact]
    public void It_locks_out_others_and_answers_them()
    {
        Assert.Equal(["api.sock", "bitmap.lock"], Package.Text("running.txt").Split('\n'));
        JsonElement bitmap = JsonElement.Parse(Package.Text("check.json")).GetProperty("findings").EnumerateArray()
            .Single(static finding => finding.GetProperty("topic").GetString() == "working-set by page_idle");
        Assert.Equal("in_use", bitmap.GetProperty("reason").GetString());

        AssertAsked("wss.json");
        AssertAsked("wss-restarted.json");

        void AssertAsked(string file)
        {
            JsonElement window = JsonElement.Parse(Package.Text(file));
            Assert.Equal(("exporter", "page_idle"), (window.GetProperty("source").GetString(), window.GetProperty("method").GetString()));
            Assert.InRange(window.GetProperty("lower_bytes").GetInt64(), 0, 12 << 20);
            Assert.InRange(window.GetProperty("upper_bytes").GetInt64(), 4 << 20, 40 << 20);
        }
    }

    [Fact]
    public void Its_control_group_accounts_for_all_of_its_memory()
    {
        long current = long.Parse(Package.Text("memory.current"), CultureInfo.InvariantCulture);
        Dictionary<string, long> parts = Package.Text("memory.stat").Split('\n').Select(static line => line.Split(' '))
            .ToDictionary(static part => part[0], static part => long.Parse(part[1], CultureInfo.InvariantCulture));
        Measured.Note(Scenario, FormattableString.Invariant(
            $"memory.current {current / 1e6:F1} MB, of it anonymous {parts["anon"] / 1e6:F1}, kernel {parts["kernel"] / 1e6:F1}; the guest took {Package.Text("uptime.txt")} s"));
        // The bound is for 1,000 processes; here are ten.
        Assert.InRange(current, 1 << 20, 60_000_000);
    }

    [Fact]
    public void Killed_it_is_started_again()
    {
        Dictionary<string, string> before = Unit("configured"), after = Unit("restarted");

        Assert.Equal(("active", "running", "1"), (after["ActiveState"], after["SubState"], after["NRestarts"]));
        Assert.NotEqual(before["MainPID"], after["MainPID"]);
    }

    [Fact]
    public void An_upgrade_runs_the_new_program_on_the_settings_of_the_administrator()
    {
        Assert.Equal("active", Unit("upgraded")["ActiveState"]);
        Assert.NotEqual(Unit("restarted")["MainPID"], Unit("upgraded")["MainPID"]);
        Assert.EndsWith("+later", Package.Text("upgraded.version"), StringComparison.Ordinal);
        Assert.Equal(["/usr/bin/memsnoop", "later"], Package.Text("upgraded.exe").Split('\n'));
        Assert.Equal(Package.Text("edited.json"), Package.Text("upgraded.json"));
        Assert.Contains(Metrics("upgraded"), static sample => sample.Name == "memsnoop_build_info");
    }

    [Fact]
    public void Stopped_it_leaves_no_lock_and_no_socket()
    {
        Dictionary<string, string> unit = Unit("stopped");
        Assert.Equal(("inactive", "success", "0"), (unit["ActiveState"], unit["Result"], unit["MainPID"]));
        // What the next one goes on with.
        Assert.Equal("ages", Package.Text("stopped.txt"));
    }

    [Fact]
    public void On_a_kernel_without_the_bitmap_it_starts_says_so_and_measures_otherwise()
    {
        Assert.Equal("active", Unit("without-bitmap")["ActiveState"]);
        AssertMethod(Metrics("without-bitmap"), "referenced");
        // Right to write a file of a process that belongs to somebody else, which the method needs.
        Assert.InRange(WorkingSet(Metrics("without-bitmap")), 4 << 20, 12 << 20);
        Assert.Contains("CONFIG_IDLE_PAGE_TRACKING", Package.Text("without-bitmap.log"), StringComparison.Ordinal);
        Assert.Contains("CONFIG_IDLE_PAGE_TRACKING", Package.Text("without-bitmap.check"), StringComparison.Ordinal);
    }

    [Fact]
    public void Removed_it_is_ended_and_leaves_its_settings()
    {
        Assert.Equal("inactive", Unit("removed")["ActiveState"]);
        Assert.Equal("", Package.Text("removed.pids"));
        Assert.Equal(Package.Text("edited.json"), Package.Text("removed.json"));
        Assert.DoesNotContain(Package.Text("removed.txt").Split('\n'), static path => path.StartsWith("/usr/", StringComparison.Ordinal));
    }

    [Fact]
    public void Purged_it_leaves_nothing()
    {
        Assert.Equal("not-found", Unit("purged")["LoadState"]);
        Assert.Equal("", Package.Text("purged.txt"));
    }

    private static void AssertMethod(ExpositionSample[] metrics, string method) => Assert.Equal(method, metrics.Single(static sample =>
        sample.Name == "memsnoop_measurement_info" && sample.Label("measurement") == "working-set" && sample.Label("state") == "on").Label("method"));

    // The workload uses 4 MiB of 20, and some code. If memory was reclaimed within the window, there is a bracket instead.
    private static double WorkingSet(ExpositionSample[] metrics) => metrics
        .Where(static sample => sample.Name is "memsnoop_process_working_set_bytes" or "memsnoop_process_working_set_upper_bytes" && sample.Label("comm") == "touch")
        .Sum(static sample => sample.Number);

    private ExpositionSample[] Metrics(string state) =>
        [.. Package.Text($"{state}.metrics").Split('\n').Where(static line => !line.StartsWith('#')).Select(ExpositionSample.Parse)];

    private Dictionary<string, string> Unit(string state) =>
        Package.Text($"{state}.unit").Split('\n').Select(static line => line.Split('=', 2)).ToDictionary(static pair => pair[0], static pair => pair[1]);
}
