using MemSnoop.Exporter.Tests.Commands;
using MemSnoop.Metrics.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace MemSnoop.Exporter.Tests.Embedding;

/// <summary>What an application may say in its configuration and in code, and what becomes of it when that is wrong.</summary>
public class SectionTests
{
    private const string Interval = "a duration from 100ms to 1d, such as 500ms, 15s or 1h30m";

    /// <summary>What can be wrong in a file of the program and in a section of an application.</summary>
    public static TheoryData<string> Wrong =>
    [
        """{ "WorkingSet": { "Intervall": "30s" } }""",
        """{ "Workingset": { "Interwal": "30s" } }""",
        """{ "Reading": { "Interval": "5s" } }""",
        """{ "Readings": { "Measurements": { "statn": {} } } }""",
        """{ "Readings": { "Measurements": { "statm": { "Enable": true } } } }""",
        """{ "WorkingSet": { "Interval": "30" } }""",
        """{ "WorkingSet": { "Interval": "10ms" } }""",
        """{ "WorkingSet": { "Interval": null } }""",
        """{ "WorkingSet": { "Interval": {"a": 1} } }""",
        """{ "WorkingSet": { "Interval": [1] } }""",
        """{ "WorkingSet": { "Method": "page-idle" } }""",
        """{ "WorkingSet": { "ReferencedMaxResident": "4G" } }""",
        """{ "WorkingSet": { "IdleAges": ["30s", "1m"] } }""",
        """{ "WorkingSet": { "IdleAges": [] } }""",
        """{ "WorkingSet": "fast" }""",
        """{ "Processes": { "Pids": [1, "x"] } }""",
        """{ "Processes": { "Pids": [1, [2]] } }""",
        """{ "Processes": { "Names": null } }""",
        """{ "Processes": { "Names": ["("] } }""",
        """{ "Processes": { "Users": ["no-such-user-here"] } }""",
        """{ "Processes": { "All": "yes" } }""",
        """{ "Kernel": { "ProcFs": "/no/such" } }""",
        """{ "Counters": { "Events": ["page faults"] } }""",
    ];

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task A_wrong_section_ends_the_host_at_its_start_with_the_line_of_the_programs_file(string json)
    {
        string whole = $$"""{ "MemSnoop": {{json}} }""";
        using TemporaryFile file = new(whole);
        CommandLineRun run = new();
        Assert.Equal(2, await run.RunAsync("check", "--config", file.Path));

        OptionsValidationException wrong = await StartAsync(services => services.AddMemSnoop(Section(whole)));
        Assert.Equal(run.Error.ToString(), $"memsnoop: {file.Path}:1: {wrong.Message}\n");
        Assert.Equal(typeof(MemSnoopOptions), wrong.OptionsType);
    }

    [Fact]
    public async Task Keys_that_only_the_program_has_are_unknown() =>
        Assert.Equal(
            "MemSnoop:Web: unknown key; expected one of Processes, Containers, Groups, Series, Readings, WorkingSet, Counters, Disks, Generations, Kernel",
            (await StartAsync(static services => services.AddMemSnoop(Section("""{ "MemSnoop": { "Web": { "Listen": [":1"] } } }""")))).Message);

    [Fact]
    public async Task A_section_by_another_name_is_called_by_it()
    {
        IConfigurationSection section = Configuration("""{ "Telemetry": { "Memory": { "WorkingSet": { "Intervall": "30s" } } } }""").GetSection("Telemetry:Memory");
        Assert.Equal(
            "Telemetry:Memory:WorkingSet:Intervall: unknown key; expected Telemetry:Memory:WorkingSet:Interval",
            (await StartAsync(services => services.AddMemSnoop(section))).Message);
    }

    [Theory]
    [InlineData("MemSnoop:Processes:Names", "MemSnoop:Processes:Names:0", "MemSnoop:Processes:Names: is given more than once; expected one value")]
    [InlineData("MemSnoop:Readings:Measurements:disk-io:Enabled", "MemSnoop:Readings:Measurements:disk_io:Enabled", "MemSnoop:Readings:Measurements:disk_io:Enabled: is given more than once; expected one value")]
    [InlineData("MemSnoop:Processes:Names:first", "MemSnoop:Processes:Names:0", "MemSnoop:Processes:Names:first: unknown key; expected MemSnoop:Processes:Names")]
    public async Task What_only_other_providers_can_say_is_told_too(string key, string other, string expected)
    {
        IConfigurationSection section = new ConfigurationBuilder().AddInMemoryCollection([new(key, "true"), new(other, "true")]).Build().GetSection("MemSnoop");
        Assert.Equal(expected, (await StartAsync(services => services.AddMemSnoop(section))).Message);
    }

    [Fact]
    public void Every_kind_of_value_comes_through()
    {
        MemSnoopOptions options = OptionsOf(static services => services.AddMemSnoop(Section("""
            {
              "MemSnoop": {
                "processes": { "Users": ["root"], "Cgroups": ["/system.slice/**"], "CHILDREN": false, "MinResident": "10MiB", "Names": [], "Pids": "7,8" },
                "Readings": { "Interval": "15s", "Measurements": { "smaps": { "Enabled": true, "Interval": "1m" } } },
                "WorkingSet": { "Interval": "1m30s", "Method": "referenced", "ReferencedMaxResident": "1GiB", "IdleAges": ["0", "1m"],
                  "Areas": ["heap", "writable"], "AreaLongerThan": 3, "AreaPath": "lib" },
                "Counters": { "Events": ["page-faults"] }
              }
            }
            """)));
        Assert.Equal([0u], options.Processes.Users);
        Assert.Equal(["/system.slice/**"], options.Processes.Cgroups);
        Assert.Equal([7, 8], options.Processes.Pids);
        Assert.Equal((false, 10L << 20, 0), (options.Processes.Children, options.Processes.MinResident, options.Processes.Names.Count));
        Assert.Equal((TimeSpan.FromSeconds(15), TimeSpan.FromMinutes(1)), (options.Readings.Interval, options.Readings.Of("smaps").Interval));
        Assert.Equal((TimeSpan.FromSeconds(90), WorkingSetMethod.Referenced, 1L << 30), (options.WorkingSet.Interval, options.WorkingSet.Method, options.WorkingSet.ReferencedMaxResident));
        Assert.Equal([TimeSpan.Zero, TimeSpan.FromMinutes(1)], options.WorkingSet.IdleAges);
        Assert.Equal(
            (Paging.AreaRoles.Heap, ProcFs.AreaPermissions.Write, 3L, "lib"),
            (options.WorkingSet.Areas.Roles, options.WorkingSet.Areas.Permissions, options.WorkingSet.Areas.LongerThanPages, options.WorkingSet.Areas.Path?.ToString()));
        Assert.Equal(["page-faults"], options.Counters.Events);
    }

    [Fact]
    public void Sections_and_delegates_apply_in_their_order()
    {
        MemSnoopOptions options = OptionsOf(static services => services
            .AddMemSnoop(static options => (options.WorkingSet.Interval, options.Processes.MaxProcesses) = (TimeSpan.FromSeconds(1), 1))
            .AddMemSnoop(Section("""{ "MemSnoop": { "WorkingSet": { "Interval": "2s" }, "Processes": { "MaxProcesses": 2 } } }"""))
            .AddMemSnoop(static options => options.Processes.MaxProcesses++)
            .AddMemSnoop());
        Assert.Equal((TimeSpan.FromSeconds(2), 3), (options.WorkingSet.Interval, options.Processes.MaxProcesses));
    }

    public static TheoryData<string, Action<MemSnoopOptions>> WrongInCode => new()
    {
        { $"MemSnoop:WorkingSet:Interval: 10ms is too short; expected {Interval}", static options => options.WorkingSet.Interval = TimeSpan.FromMilliseconds(10) },
        { $"MemSnoop:WorkingSet:Interval: '00:00:01.0000001' is not a duration; expected {Interval}", static options => options.WorkingSet.Interval = new TimeSpan(10_000_001) },
        { $"MemSnoop:WorkingSet:Interval: '-00:00:00.0010000' is not a duration; expected {Interval}", static options => options.WorkingSet.Interval = Timeout.InfiniteTimeSpan },
        { "MemSnoop:WorkingSet:Method: '7' is not a method; expected one of auto, page_idle, damon, referenced", static options => options.WorkingSet.Method = (WorkingSetMethod)7 },
        { "MemSnoop:WorkingSet:IdleAges: starts with 1s; expected ages that increase from 0, such as 0,30s,1m,10m,1h", static options => options.WorkingSet.IdleAges = [TimeSpan.FromSeconds(1)] },
        { "MemSnoop:Processes:MinResident: '-1' is not a size; expected a number of bytes, or a size such as 10MiB or 1.5GB", static options => options.Processes.MinResident = -1 },
        { "MemSnoop:Processes:Pids:1: '0' is not a process id; expected a number from 1 to 4194304", static options => options.Processes.Pids = [1, 0] },
        { "MemSnoop:Processes:Cgroups:0: '' is not a pattern; expected a pattern for cgroup paths, such as /system.slice/** or docker-*.scope", static options => options.Processes.Cgroups = [""] },
        { "MemSnoop:Counters:Provider: 'ebpf' is not a provider; expected one of auto, perf_event_open, papi", static options => options.Counters.Provider = "ebpf" },
        {
            "MemSnoop:Readings:Measurements:counters:Enabled: no event is named; expected MemSnoop:Counters:Events as well",
            static options => options.Readings.Of("counters").Enabled = true
        },
        {
            "MemSnoop:Readings:Measurements:smap: unknown key; expected MemSnoop:Readings:Measurements:smaps",
            static options => options.Readings.Of("smap").Enabled = true
        },
        {
            "MemSnoop:Counters:Events: 'page-fautls' is not an event; expected page-faults; memsnoop events lists all",
            static options => (options.Counters.Provider, options.Counters.Events) = ("perf_event_open", ["page-fautls"])
        },
    };

    [Theory]
    [MemberData(nameof(WrongInCode))]
    public async Task What_code_sets_is_checked_alike(string expected, Action<MemSnoopOptions> configure) =>
        Assert.Equal(expected, (await StartAsync(services => services.AddMemSnoop(configure))).Message);

    [Fact]
    public void Nothing_can_be_null() => Assert.Throws<ArgumentNullException>(static () => new MemSnoopOptions().Processes.Names = null!);

    private static async Task<OptionsValidationException> StartAsync(Action<IServiceCollection> add)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        add(builder.Services);
        using IHost host = builder.Build();
        return await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(TestContext.Current.CancellationToken));
    }

    private static MemSnoopOptions OptionsOf(Action<IServiceCollection> add)
    {
        ServiceCollection services = new();
        add(services);
        using ServiceProvider provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<MemSnoopOptions>>().Value;
    }

    private static IConfigurationSection Section(string json) => Configuration(json).GetSection("MemSnoop");

    private static IConfigurationRoot Configuration(string json) => new ConfigurationBuilder().AddJsonStream(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(json))).Build();
}
