using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Sandbox;
using MemSnoop.Exporter.Tests.Commands;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Descriptors;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Exporter.Tests.Sandbox;

/// <summary>Which capabilities a configuration needs, on a kernel with all that there can be, and which configuration needs a restart.</summary>
public sealed class NeededRightsTests : IDisposable
{
    private static readonly Capabilities All = new(ulong.MaxValue);

    private readonly TemporaryDirectory _kernel = new();

    public NeededRightsTests()
    {
        _kernel.Write("sys/kernel/mm/page_idle/bitmap", "");
        _kernel.Write("sys/kernel/mm/lru_gen/enabled", "");
    }

    public void Dispose() => _kernel.Dispose();

    [Theory]
    [InlineData("CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_SYS_ADMIN CAP_SYS_PTRACE", "")]
    [InlineData("CAP_DAC_READ_SEARCH CAP_SYS_ADMIN CAP_SYS_PTRACE", "--method page_idle")]
    [InlineData("CAP_DAC_READ_SEARCH CAP_SYS_ADMIN CAP_SYS_PTRACE", "--no-collector.working-set")]
    [InlineData("CAP_DAC_READ_SEARCH CAP_SYS_PTRACE", "--collector.disable-defaults --collector.process-io")]
    [InlineData("", "--collector.disable-defaults --collector.stat --collector.statm --collector.disk-io --collector.scheduling --collector.oom")]
    [InlineData("CAP_SYS_PTRACE", "--collector.disable-defaults --collector.smaps")]
    [InlineData("CAP_SYS_ADMIN", "--collector.disable-defaults --collector.generations")]
    [InlineData("CAP_SYS_ADMIN CAP_SYS_PTRACE", "--collector.disable-defaults --collector.generations --age-generations")]
    [InlineData("CAP_PERFMON", "--collector.disable-defaults --event page-faults")]
    [InlineData("CAP_NET_BIND_SERVICE", "--collector.disable-defaults --collector.stat --listen :80")]
    public void A_configuration_needs_what_its_measurements_name(string expected, string arguments) => Assert.Equal(expected, Names(Needed(arguments)));

    [Fact]
    public void What_the_kernel_does_not_have_needs_nothing()
    {
        Directory.Delete(_kernel["sys/kernel/mm"], recursive: true);
        Assert.Equal("CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_SYS_PTRACE", Names(Needed("")));
        Assert.Equal("", Names(Needed("--collector.disable-defaults --collector.generations")));
    }

    [Fact]
    public void A_command_may_become_another_user() =>
        Assert.Equal("CAP_KILL", Names(Needed("--collector.disable-defaults --collector.stat", hasCommand: true)));

    [Theory]
    [InlineData("CAP_DAC_READ_SEARCH CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_SYS_PTRACE CAP_SYS_ADMIN CAP_KILL")]
    [InlineData("CAP_DAC_OVERRIDE CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE CAP_SYS_PTRACE CAP_SYS_ADMIN")]   // the stronger right in place of the weaker
    [InlineData("CAP_SYS_PTRACE", "CAP_SYS_PTRACE")]
    [InlineData("", "")]
    public void Of_what_there_is_it_keeps_what_it_needs(string expected, string permitted)
    {
        NeededRights needed = Needed("--collector.disable-defaults --collector.process-io");
        Assert.Equal(expected, Names(needed.Of(Set(permitted))));
    }

    [Theory]
    [InlineData(null, "--collector.disable-defaults --collector.smaps")]
    [InlineData("process-io needs a restart: CAP_DAC_READ_SEARCH was given up at the start", "--collector.disable-defaults --collector.smaps --collector.process-io")]
    [InlineData("--listen needs a restart: CAP_NET_BIND_SERVICE was given up at the start", "--collector.disable-defaults --collector.smaps --listen :443")]
    [InlineData("counters needs a restart: CAP_PERFMON was given up at the start", "--collector.disable-defaults --collector.stat --event page-faults")]
    public void A_reload_that_needs_what_was_given_up_needs_a_restart(string? expected, string arguments)
    {
        NeededRights atStart = Needed("--collector.disable-defaults --collector.smaps");
        Confinement confinement = new(All, atStart.Of(All), atStart.Calls, IsFiltered: true, []);
        Assert.Equal(expected, confinement.WhyRestart(Needed(arguments)));
    }

    [Fact]
    public void What_was_never_there_no_restart_would_bring()
    {
        Capabilities few = Set("CAP_SYS_PTRACE");
        NeededRights atStart = Needed("--collector.disable-defaults --collector.smaps");
        Confinement confinement = new(few, atStart.Of(few), atStart.Calls, IsFiltered: true, []);
        Assert.Null(confinement.WhyRestart(Needed("")));
        Assert.Equal(
            "the system call perf_event_open needs a restart: it is forbidden since the start",
            confinement.WhyRestart(Needed("--collector.disable-defaults --event page-faults")));
    }

    private NeededRights Needed(string arguments, bool hasCommand = false)
    {
        ExporterOptions options = new CommandLineRun().Options(["--sysfs", _kernel["sys"], .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        return NeededRights.Of(new MeasuredHost(options), options, [], hasCommand);
    }

    private static string Names(NeededRights needed) => Names(needed.Set);

    private static string Names(Capabilities set) => string.Join(
        ' ', Enum.GetValues<Capability>().Where(capability => (set.Mask & (1UL << (int)capability)) != 0).Select(static capability => capability.ToWord()).Order(StringComparer.Ordinal));

    private static Capabilities Set(string names) => new(Enum.GetValues<Capability>()
        .Where(capability => names.Split(' ').Contains(capability.ToWord())).Aggregate(0UL, static (mask, capability) => mask | (1UL << (int)capability)));
}
