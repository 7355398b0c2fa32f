using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text.Json;
using MemSnoop.Exporter.Tests.Commands;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Descriptors;
using MemSnoop.WorkingSets.Damon;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>
/// The walls of <c>memsnoop serve</c>, as the kernel tells of each of its threads. These tests need root, to have rights that can be given up.
/// </summary>
[SupportedOSPlatform("linux")]
[Collection(EndToEndCollection.Name)]
public class SandboxTests
{
    private const int Refused = 13;   // EACCES

    private static readonly string[] OnlyStat = ["--collector.disable-defaults", "--collector.stat"];

    [Theory]
    [InlineData(true, "", "--collector.stat")]
    [InlineData(false, "", "--collector.stat")]
    [InlineData(true, "CAP_DAC_READ_SEARCH CAP_SYS_PTRACE", "--collector.process-io")]
    [InlineData(true, "CAP_PERFMON", "--event page-faults")]
    [InlineData(false, "CAP_SYS_PTRACE CAP_PERFMON", "--event page-faults --collector.info")]
    public async Task Every_thread_has_the_rights_of_the_enabled_measurements_and_no_other(bool isNative, string expected, string arguments)
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--collector.disable-defaults", .. arguments.Split(' '), "--pid", $"{Environment.ProcessId}"],
            ExporterProcess.Uncached, isNative ? Repository.Executable : Repository.FrameworkDependent);
        await exporter.ScrapeAsync();
        AssertWalls(exporter, Mask(expected));
        Assert.Equal(1, exporter.Log.Count(line => line.Contains($"sandbox: keeps {(expected.Length == 0 ? "no capability" : expected.Replace(" ", ", ", StringComparison.Ordinal))};", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task By_default_it_keeps_what_reads_and_clears_and_nothing_else()
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", $"{Environment.ProcessId}", "--no-children"], ExporterProcess.Uncached);
        await exporter.ScrapeAsync();
        bool hasFrames = Path.Exists("/sys/kernel/mm/lru_gen") || File.Exists("/sys/kernel/mm/page_idle/bitmap")
            || DamonSupport.MayWork(new KernelPaths("/proc", "/sys", "/run/memsnoop"));
        AssertWalls(exporter, Mask($"CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_SYS_PTRACE {(hasFrames ? "CAP_SYS_ADMIN" : "")}"));
    }

    [Fact]
    public async Task What_was_not_there_is_not_missed()
    {
        // As the pod of least-privilege: without DAC_READ_SEARCH the stronger right is kept.
        using Workload idler = await Workload.StartAsync("idler");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--collector.disable-defaults", "--collector.process-io", "--pid", $"{idler.Pid}", "--no-children"],
            ["setpriv", "--bounding-set", "-all,+dac_override,+sys_ptrace,+sys_admin", "--", .. ExporterProcess.Uncached]);
        AssertWalls(exporter, Mask("CAP_DAC_OVERRIDE CAP_SYS_PTRACE"), bounding: Mask("CAP_DAC_OVERRIDE CAP_SYS_PTRACE CAP_SYS_ADMIN"));
        await exporter.ScrapeUntilAsync(scrape => scrape.Has("memsnoop_process_io_syscalls_total", idler.Pid));
        Assert.DoesNotContain(exporter.Log, static line => line.Contains("level=warn", StringComparison.Ordinal) && line.Contains("wall", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Another_user_has_the_same_walls()
    {
        using PublicCopy copy = await PublicCopy.MakeAsync();
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(OnlyStat, PublicCopy.AsNobody, copy.Program);
        AssertWalls(exporter, 0, bounding: Own("CapBnd"));
    }

    [Fact]
    public async Task It_can_be_switched_off()
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync([.. OnlyStat, "--no-sandbox"]);
        foreach (string field in (ReadOnlySpan<string>)["CapEff", "CapBnd", "NoNewPrivs", "Seccomp"])
        {
            Assert.All(Threads(exporter), status => Assert.Equal(Own(field), Status(status, field)));
        }

        await Eventually.HoldsAsync(() => exporter.Log.Any(
            static line => line.Contains("level=warn", StringComparison.Ordinal) && line.Contains("no sandbox: all rights of the caller are kept", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Where_nobody_can_filter_it_is_said_once_and_it_goes_on()
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync([.. OnlyStat, "--pid", "1"], [await Workloads.PathAsync("rights"), "--no-filters"]);
        Assert.All(Threads(exporter), static status => Assert.Equal(0UL, Status(status, "CapEff")));
        await Eventually.HoldsAsync(() => exporter.Log.Any(static line => line.Contains("system calls are not filtered", StringComparison.Ordinal)));
        Assert.Equal(1, exporter.Log.Count(static line => line.Contains("level=warn", StringComparison.Ordinal) && line.Contains("system calls are not filtered", StringComparison.Ordinal)));
        await exporter.ScrapeUntilAsync(static scrape => scrape.Has("memsnoop_process_threads", 1));
    }

    [Fact]
    public async Task A_check_says_beforehand_what_would_be_kept()
    {
        string program = Repository.Executable;
        CommandResult some = await Command.TryRunAsync("env", ["MemSnoop__Readings__DisableDefaults=true", "MemSnoop__Readings__Measurements__stat__Enabled=true", program, "check"], ExporterProcess.Deadline);
        Assert.Matches("(?m)^ok +sandbox +serve keeps no capability; no new privileges; system calls are filtered$", some.Output);
        CommandResult unfiltered = await Command.TryRunAsync(await Workloads.PathAsync("rights"), ["--no-filters", program, "check"], ExporterProcess.Deadline);
        Assert.Matches(@"(?m)^limited +sandbox +serve keeps CAP_\w+.*; any system call: system calls are not filtered: .+\n +to do: use a kernel with CONFIG_SECCOMP_FILTER", unfiltered.Output);
        CommandResult off = await Command.TryRunAsync("env", ["MemSnoop__Sandbox__Enabled=false", program, "check"], ExporterProcess.Deadline);
        Assert.Matches(@"(?m)^limited +sandbox +serve keeps all rights of its caller, and may make any system call\n +to do: leave out --no-sandbox$", off.Output);
    }

    [Theory]
    [InlineData("1 0 0 0")]
    [InlineData("")]
    [InlineData("-1 x y")]
    public async Task A_mark_of_another_process_is_none(string mark)
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(OnlyStat, ["env", $"MEMSNOOP_SECOND_START={mark}"]);
        AssertWalls(exporter, 0);
        Assert.Equal("memsnoop\n", await File.ReadAllTextAsync($"/proc/{exporter.Pid}/comm", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_command_has_the_rights_of_its_caller_and_no_filter()
    {
        string[] fields = ["SigBlk", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Seccomp_filters"];
        CommandResult own = await Command.TryRunAsync("cat", ["/proc/self/status"], ExporterProcess.Deadline);
        await using ExporterProcess exporter = await ExporterProcess.StartAsync([.. OnlyStat, "--", "sh", "-c", "cat /proc/self/status; env | grep MEMSNOOP_; ls -l /proc/self/fd; sleep 1000"]);
        await Eventually.HoldsAsync(() => exporter.Output.Any(static line => line.Contains("/proc/", StringComparison.Ordinal)));
        AssertWalls(exporter, Mask("CAP_KILL"));
        foreach (string field in fields)
        {
            Assert.Equal(Assert.Single(own.Output.Split('\n'), line => line.StartsWith(field + ":", StringComparison.Ordinal)), Assert.Single(exporter.Output, line => line.StartsWith(field + ":", StringComparison.Ordinal)));
        }

        // SIGPIPE has its default action, whoever ignored it.
        Assert.Equal(Status(own.Output, "SigIgn") & ~0x1000UL, Status(string.Join('\n', exporter.Output), "SigIgn"));
        Assert.DoesNotContain(exporter.Output, static line => line.Contains("MEMSNOOP_", StringComparison.Ordinal) || line.Contains("socket:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_command_that_became_another_user_ends_with_us()
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync([.. OnlyStat, "--", .. PublicCopy.AsNobody, "sh", "-c", "echo $$; exec sleep 1000"]);
        await Eventually.HoldsAsync(() => exporter.Output.Any());
        string child = exporter.Output.First();
        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
        await Eventually.HoldsAsync(() => !Directory.Exists($"/proc/{child}"));
    }

    [Fact]
    public async Task A_port_of_the_system_can_still_be_listened_on()
    {
        int port = Enumerable.Range(700, 300).First(static port => CanListen(port));
        await using ExporterProcess exporter = await ExporterProcess.StartAsync([.. OnlyStat, "--listen", $"127.0.0.1:{port}"]);
        Assert.NotEqual(0UL, Status(Threads(exporter)[0], "CapEff") & Mask("CAP_NET_BIND_SERVICE"));
    }

    [Fact]
    public async Task A_file_of_another_user_can_still_be_read()
    {
        using TemporaryDirectory directory = new();
        string file = directory.Write("memsnoop.json", """{ "MemSnoop": { "Web": { "TelemetryPath": "/numbers" } } }""");
        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        await Command.RunAsync("chown", ["-R", "nobody", directory.Root], ExporterProcess.Deadline);
        await using ExporterProcess exporter = await ExporterProcess.StartAsync([.. OnlyStat, "--config", file]);
        AssertWalls(exporter, Mask("CAP_DAC_READ_SEARCH"));
        using HttpResponseMessage answer = await exporter.GetAsync("/numbers");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task It_writes_nowhere_but_into_its_run_directory()
    {
        using TemporaryDirectory directory = new();
        string work = Directory.CreateDirectory(directory["work"]).FullName;
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--working-set-interval", "1s", "--pid", $"{Environment.ProcessId}", "--no-children"],
            ["env", "-C", work, .. ExporterProcess.Uncached[1..], $"HOME={work}", $"TMPDIR={work}", $"XDG_CONFIG_HOME={work}", $"DOTNET_CLI_HOME={work}"]);
        await exporter.ScrapeUntilAsync(static scrape => scrape.Has(Series.WorkingSet, Environment.ProcessId));
        string[] opened = [.. Directory.EnumerateFiles($"/proc/{exporter.Pid}/fdinfo").Where(IsForWriting).Select(file => Target(exporter.Pid, Path.GetFileName(file)))];
        Assert.All(opened, path => Assert.True(
            path.StartsWith(exporter.RunDirectory, StringComparison.Ordinal) || path.StartsWith("/sys/kernel/mm/page_idle/", StringComparison.Ordinal) || !path.StartsWith('/') || path == "/dev/null"
            || path.EndsWith("/clear_refs", StringComparison.Ordinal),
            $"{path} is open for writing"));
        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
        Assert.Empty(Directory.EnumerateFileSystemEntries(work));
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries("/tmp"), path => path.Contains($"-{exporter.Pid}-", StringComparison.Ordinal));
    }

    /// <summary>Why there is no wall around files: the one that the kernel has for them hides other processes too.</summary>
    [Fact]
    public async Task Landlock_would_forbid_what_it_is_for()
    {
        JsonElement said = JsonElement.Parse(await Command.RunAsync(await Workloads.PathAsync("landlock"), [], ExporterProcess.Deadline));
        Assert.Equal(0, said.GetProperty("before").GetInt32());
        bool hasLandlock = said.GetProperty("abi").GetInt32() > 0;
        Assert.Equal(hasLandlock, said.TryGetProperty("after", out JsonElement after));
        Assert.True(!hasLandlock || after.GetInt32() == Refused);
    }

    private static void AssertWalls(ExporterProcess exporter, ulong capabilities, ulong? bounding = null)
    {
        string[] threads = Threads(exporter);
        Assert.True(threads.Length > 1);
        Assert.All(threads, status =>
        {
            Assert.Equal(capabilities, Status(status, "CapEff"));
            Assert.Equal(capabilities, Status(status, "CapPrm"));
            Assert.Equal(bounding ?? capabilities, Status(status, "CapBnd"));
            Assert.Equal(0UL, Status(status, "CapInh"));
            Assert.Equal(0UL, Status(status, "CapAmb"));
            Assert.Equal(1UL, Status(status, "NoNewPrivs"));
            Assert.Equal(2UL, Status(status, "Seccomp"));
        });
    }

    /// <summary>What the kernel says of each thread that lives.</summary>
    private static string[] Threads(ExporterProcess exporter)
    {
        List<string> statuses = [];
        foreach (string task in Directory.EnumerateDirectories($"/proc/{exporter.Pid}/task"))
        {
            try
            {
                statuses.Add(File.ReadAllText(Path.Combine(task, "status")));
            }
            catch (IOException)
            {
                // It ended meanwhile.
            }
        }

        return [.. statuses];
    }

    private static ulong Own(string field) => Status(File.ReadAllText("/proc/self/status"), field);

    private static ulong Status(string text, string field) => ulong.Parse(
        text.Split('\n').Single(line => line.StartsWith(field + ":", StringComparison.Ordinal)).Split('\t')[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <summary>Of the named capabilities, those that root has where the tests run.</summary>
    private static ulong Mask(string names) => Own("CapPrm") & Enum.GetValues<Capability>()
        .Where(capability => names.Split(' ').Contains(capability.ToWord())).Aggregate(0UL, static (mask, capability) => mask | (1UL << (int)capability));

    private static bool CanListen(int port)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // flags: of open(2), in octal; the last digit says for what.
    private static bool IsForWriting(string fdinfo)
    {
        try
        {
            return (File.ReadLines(fdinfo).First(static line => line.StartsWith("flags:", StringComparison.Ordinal))[^1] - '0' & 3) != Libc.OpenReadOnly;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string Target(int pid, string descriptor) => new FileInfo($"/proc/{pid}/fd/{descriptor}").LinkTarget ?? "";
}
