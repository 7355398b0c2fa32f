using System.Text;
using System.Text.RegularExpressions;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;
using MemSnoop.Tests.Kernel;
using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Tests.Processes;

/// <summary>The table over this machine's processes.</summary>
public sealed class ProcessTableTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly HandleBudget _budget = new(5000);
    private readonly TemporaryDirectory _directory = new();
    private readonly string _label = "msp" + Guid.NewGuid().ToString("N")[..8];

    [Fact]
    public async Task Nothing_asked_for_selects_nothing()
    {
        using Workload child = await Workload.StartAsync("puppet");
        using ProcessTable table = Table(new ProcessSelection());

        Assert.Empty(Refresh(table));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_pid_selects_its_process(bool includeChildren)
    {
        using Workload child = await Workload.StartAsync("puppet");
        using ProcessTable table = Table(new ProcessSelection { Pids = new HashSet<int> { child.Pid, 4_194_305 }, IncludeChildren = includeChildren });

        Assert.Equal([child.Pid], Refresh(table));
        TrackedProcess process = table.Watched[0];
        Assert.Equal("puppet", process.Comm);
        Assert.Equal($"{child.Pid} (puppet)", process.ToString());
        Assert.Equal(Environment.ProcessId, process.Stat.ParentPid);

        IReadOnlyList<TrackedProcess> published = table.Watched;
        Refresh(table);
        Assert.Same(published, table.Watched);

        child.Kill();
        Assert.Empty(Refresh(table));
        Assert.True(process.HasLeft);
        Assert.Equal(0, _budget.Used);
    }

    [Fact]
    public async Task A_name_selects_by_command_name()
    {
        using Workload child = await StartAliasAsync(_label);
        using Workload other = await Workload.StartAsync("puppet");
        using ProcessTable table = Table(new ProcessSelection { Names = [new Regex($"^{_label}$")] });

        Assert.Equal([child.Pid], Refresh(table));
    }

    [Fact]
    public async Task A_command_line_selects_by_its_arguments()
    {
        using Workload child = await Workload.StartAsync("puppet", "--label", _label);
        using Workload other = await Workload.StartAsync("puppet");
        using ProcessTable table = Table(new ProcessSelection { CommandLines = [new Regex($"puppet --label {_label}$")] });

        Assert.Equal([child.Pid], Refresh(table));
    }

    [Fact]
    public async Task Kinds_of_filters_narrow_each_other_and_pids_add()
    {
        using Workload root = await Workload.StartAsync("puppet", "--label", _label);
        using Workload nobody = await Workload.StartAsync("puppet", "--label", _label, "--user", "65534");
        using Workload byPid = await Workload.StartAsync("puppet");
        using ProcessTable table = Table(new ProcessSelection
        {
            Pids = new HashSet<int> { byPid.Pid },
            CommandLines = [new Regex("no such command line"), new Regex(_label)],
            UserIds = new HashSet<uint> { 65534, 65533 },
            Names = [new Regex("^puppet$")],
        });

        Assert.Equal(new[] { nobody.Pid, byPid.Pid }.Order(), Refresh(table));
    }

    [Fact]
    public async Task A_control_group_selects_by_its_path()
    {
        using Workload child = await Workload.StartAsync("puppet", "--label", _label);
        string path = CgroupPath(child.Pid);
        ProcessSelection selection = new() { CommandLines = [new Regex(_label)], Cgroups = [group => group == path] };
        using ProcessTable table = Table(selection, wantsCgroup: true);
        using ProcessTable elsewhere = Table(selection with { Cgroups = [group => group == path + "/elsewhere"] });

        Assert.Equal([child.Pid], Refresh(table));
        Assert.Equal(path, table.Watched[0].CgroupPath);
        Assert.Empty(Refresh(elsewhere));
    }

    [Fact]
    public async Task All_selects_every_process_that_has_memory()
    {
        using Workload child = await Workload.StartAsync("puppet");
        await child.TellAsync("zombie");
        int zombie = child.Said.GetProperty("child").GetInt32();
        using ProcessTable table = Table(new ProcessSelection { All = true });

        int[] watched = Refresh(table);

        Assert.Contains(child.Pid, watched);
        Assert.Contains(Environment.ProcessId, watched);
        Assert.DoesNotContain(zombie, watched);
        Assert.True(SkippedFor(table, SkipReasons.Zombie) >= 1);
    }

    [Fact]
    public async Task Descendants_come_with_a_selected_process_unless_not_wanted()
    {
        using Workload parent = await Workload.StartAsync("puppet");
        using ProcessTable table = Table(new ProcessSelection { Pids = new HashSet<int> { parent.Pid } });
        using ProcessTable alone = Table(new ProcessSelection { Pids = new HashSet<int> { parent.Pid }, IncludeChildren = false });
        Assert.Equal([parent.Pid], Refresh(table));

        await parent.TellAsync("family 3");
        int[] family = parent.Pids("family");

        int[] watched = await RefreshUntilAsync(table, 4);
        Assert.Equal(family.Append(parent.Pid).Order(), watched);
        Assert.Equal([parent.Pid], Refresh(alone));
    }

    [Fact]
    public async Task A_child_that_becomes_another_program_stays_with_its_parent()
    {
        using Workload parent = await StartAliasAsync(_label);
        using ProcessTable table = Table(new ProcessSelection { Names = [new Regex(_label)] });
        Assert.Equal([parent.Pid], Refresh(table));

        await parent.TellAsync($"spawn {await Workloads.PathAsync("puppet")}");
        int child = parent.Said.GetProperty("child").GetInt32();

        int[] watched = await RefreshUntilAsync(table, 2);
        Assert.Equal(new[] { parent.Pid, child }.Order(), watched);
        await Eventually.HoldsAsync(() => Refresh(table).Length == 2 && table.Watched.Any(static process => process.Comm == "puppet"));

        await parent.TellAsync($"reap {child}");
        Assert.Equal([parent.Pid], Refresh(table));
    }

    [Theory]
    [InlineData("name")]
    [InlineData("exec")]
    public async Task A_process_that_takes_a_wanted_name_is_found(string way)
    {
        using Workload child = await Workload.StartAsync("puppet");
        using ProcessTable table = Table(new ProcessSelection { Names = [new Regex(_label)] });
        Assert.Empty(Refresh(table));

        await child.TellAsync($"{way} {(way == "exec" ? await AliasAsync(_label) : _label)}");

        // Looks are spaced by the age of the process in the table, ten seconds at most.
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal([child.Pid], Refresh(table));
    }

    [Theory]
    [InlineData("name")]
    [InlineData("exec")]
    public async Task A_process_that_drops_its_wanted_name_leaves(string way)
    {
        using Workload child = await StartAliasAsync(_label);
        using ProcessTable table = Table(new ProcessSelection { Names = [new Regex(_label)] });
        Assert.Equal([child.Pid], Refresh(table));

        await child.TellAsync($"{way} {(way == "exec" ? await Workloads.PathAsync("puppet") : "another")}");

        Assert.Empty(Refresh(table));
        Assert.Equal(0, _budget.Used);
    }

    [Theory]
    [InlineData("name", 3000)]
    [InlineData("exec", 3000)]
    [InlineData("exec", 0)]
    public async Task A_process_watched_by_pid_keeps_its_identity_under_a_new_name(string way, int handles)
    {
        using Workload child = await Workload.StartAsync("puppet");
        ProcessSelection selection = new() { Pids = new HashSet<int> { child.Pid } };
        using ProcessTable table = new(new KernelPaths(), selection, new HandleBudget(handles), _clock);
        Refresh(table);
        TrackedProcess before = table.Watched[0];

        await child.TellAsync($"{way} {(way == "exec" ? await AliasAsync(_label) : _label)}");

        Refresh(table);
        Assert.Same(before, table.Watched[0]);
        Assert.Equal(_label, before.Comm);
    }

    [Fact]
    public async Task A_process_can_be_added_later_also_one_that_was_passed_over_for_long()
    {
        using Workload child = await Workload.StartAsync("puppet");
        using ProcessTable table = Table(new ProcessSelection { Names = [new Regex("no such name")] });
        for (int i = 0; i < 5; i++)
        {
            Assert.Empty(Refresh(table));
            _clock.Advance(TimeSpan.FromSeconds(10));
        }

        Refresh(table);
        table.Add(child.Pid);

        Assert.Equal([child.Pid], Refresh(table));
    }

    [Fact]
    public async Task Zombies_are_passed_over_and_counted()
    {
        using Workload parent = await Workload.StartAsync("puppet");
        await parent.TellAsync("zombie");
        int zombie = parent.Said.GetProperty("child").GetInt32();
        using ProcessTable table = Table(new ProcessSelection { Pids = new HashSet<int> { zombie }, IncludeChildren = false });

        Assert.Empty(Refresh(table));
        Assert.Equal(1, SkippedFor(table, SkipReasons.Zombie));
        Assert.Equal(ReadOutcome.ProcessGone, TrackedProcess.TryTrack(new KernelPaths(), _budget, zombie, out TrackedProcess? process));
        Assert.Null(process);
        Assert.Equal(0, KernelHandles.CountOf(zombie));
    }

    [Fact]
    public async Task A_watched_process_that_becomes_a_zombie_leaves()
    {
        using Workload parent = await Workload.StartAsync("puppet");
        await parent.TellAsync($"spawn {await Workloads.PathAsync("puppet")}");
        int child = parent.Said.GetProperty("child").GetInt32();
        using ProcessTable table = Table(new ProcessSelection { Pids = new HashSet<int> { child }, IncludeChildren = false });
        Assert.Equal([child], Refresh(table));

        Assert.Equal(0, Libc.Kill(child, 9));
        await Eventually.ReachesAsync(() => File.ReadAllText($"/proc/{child}/stat").Split(')')[^1], static rest => rest.StartsWith(" Z"));

        Assert.Empty(Refresh(table));
        Assert.Equal(1, SkippedFor(table, SkipReasons.Zombie));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5000)]
    public async Task Five_hundred_short_lives_leave_exactly_the_living(int handles)
    {
        int before = KernelHandles.Count();
        HandleBudget budget = new(handles);
        string alias = await AliasAsync(_label, "churn");
        Task<Workload> churning = Workload.StartAsync(alias, "--count", "500", "--rate", "400", "--life-ms", "20", "--keep", "7");
        using ProcessTable table = new(new KernelPaths(), new ProcessSelection { Names = [new Regex(_label)] }, budget, TimeProvider.System);
        int most = 0;
        while (!churning.IsCompleted)
        {
            most = Math.Max(most, Refresh(table).Length);
            await Task.Yield();
        }

        using (Workload churn = await churning)
        {
            int[] watched = await RefreshUntilAsync(table, 8);
            Assert.Equal(churn.Pids("kept").Append(churn.Pid).Order(), watched);
            Assert.True(most > 2, $"{most}");
            Assert.Equal(500, churn.Number("started"));
        }

        // The kernel tells the children of their parent's end; they go one after the other.
        await RefreshUntilAsync(table, 0);
        Assert.Equal(0, budget.Used);
        Assert.Equal(before, KernelHandles.Count());
    }

    [Fact]
    public async Task The_largest_are_watched_and_the_others_named()
    {
        using Workload small = await Workload.StartAsync("touch", "--resident", "4");
        using Workload large = await Workload.StartAsync("touch", "--resident", "32");
        using Workload middle = await Workload.StartAsync("touch", "--resident", "16");
        ProcessSelection selection = new() { Pids = new HashSet<int> { small.Pid, large.Pid, middle.Pid }, MaxProcesses = 2, MinResidentBytes = 24 << 20 };
        using ProcessTable table = Table(selection with { MinResidentBytes = 0 });
        using ProcessTable bounded = Table(selection);

        Assert.Equal(new[] { large.Pid, middle.Pid }.Order(), Refresh(table));
        Assert.Equal([(small.Pid, SkipReasons.Limit)], table.Dropped.Select(static dropped => (dropped.Process.Identity.Pid, dropped.Reason)));
        Assert.Equal([large.Pid], Refresh(bounded));
        Assert.Equal(
            [(middle.Pid, SkipReasons.BelowMinimum), (small.Pid, SkipReasons.BelowMinimum)],
            bounded.Dropped.Select(static dropped => (dropped.Process.Identity.Pid, dropped.Reason)));
    }

    private ProcessTable Table(ProcessSelection selection, bool wantsCgroup = false) => new(new KernelPaths(), selection, _budget, _clock, wantsCgroup);

    private static int[] Refresh(ProcessTable table)
    {
        table.Refresh();
        return [.. table.Watched.Select(static process => process.Identity.Pid).Order()];
    }

    private static string CgroupPath(int pid)
    {
        Assert.True(Cgroup.TryParse(File.ReadAllBytes($"/proc/{pid}/cgroup"), out Cgroup cgroup));
        return Encoding.UTF8.GetString(cgroup.Path);
    }

    // A child with a lower pid than its parent's (they start over at pid_max) is seen before it, and so one refresh later.
    private static Task<int[]> RefreshUntilAsync(ProcessTable table, int count) => Eventually.ReachesAsync(() => Refresh(table), pids => pids.Length == count);

    private static long SkippedFor(ProcessTable table, string reason) => table.Skipped.ToArray().SingleOrDefault(pair => pair.Key == reason).Value;

    private async Task<Workload> StartAliasAsync(string name) => await Workload.StartAsync(await AliasAsync(name));

    /// <summary>A program under another command name, so that no other process on this machine is meant.</summary>
    private async Task<string> AliasAsync(string name, string program = "puppet")
    {
        string path = _directory[name];
        File.CreateSymbolicLink(path, await Workloads.PathAsync(program));
        return path;
    }

    public void Dispose() => _directory.Dispose();
}
