using System.Text.RegularExpressions;
using MemSnoop.Containers;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.Tests.ProcFs;
using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Tests.Processes;

/// <summary>The table over a proc root of plain files, for what no process does on demand.</summary>
public sealed class ProcessTableFixtureTests : IDisposable
{
    private const int Mebi = 256;

    private readonly ProcTree _tree = new();
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void Zombies_and_kernel_threads_are_passed_over_and_counted()
    {
        using ProcessTable table = new(new KernelPaths(Fixture.ProcRoot), new ProcessSelection { All = true }, new HandleBudget(100), _clock);

        Assert.Equal([26231, 26250, 26251], Refresh(table).Order());
        Assert.Equal([("kernel_thread", 1L), ("zombie", 1L)], table.Skipped.ToArray().Select(static pair => (pair.Key, pair.Value)).Order());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public void The_next_owner_of_a_pid_is_another_process(int handles)
    {
        _tree.AddProcess(26231);
        HandleBudget budget = new(handles);
        using ProcessTable table = Table(new ProcessSelection { Pids = new HashSet<int> { 26231 } }, budget);
        Refresh(table);
        TrackedProcess first = table.Watched[0];

        _tree.SetStartTicks(26231, 700_000);
        Refresh(table);

        TrackedProcess second = Assert.Single(table.Watched);
        Assert.NotSame(first, second);
        Assert.True(first.HasLeft);
        Assert.Equal(new ProcessIdentity(26231, 632_664), first.Identity);
        Assert.Equal(new ProcessIdentity(26231, 700_000), second.Identity);
        Assert.Equal(Math.Min(handles, 1), budget.Used);
    }

    [Fact]
    public async Task A_pipe_in_place_of_a_file_costs_its_process_alone()
    {
        _tree.AddProcess(26231);
        _tree.AddProcess(26250);
        File.Delete(_tree["proc/26231/stat"]);
        await Command.RunAsync("mkfifo", [_tree["proc/26231/stat"]], TimeSpan.FromSeconds(30));
        using ProcessTable table = Table(new ProcessSelection { All = true });

        Assert.Equal([26250], Refresh(table));
        Assert.Equal([("failed", 1L)], table.Skipped.ToArray().Select(static pair => (pair.Key, pair.Value)));
    }

    /// <summary>Nothing is mapped at the first address of any process, so that reading there ends in EIO.</summary>
    [Fact]
    public void An_error_of_the_kernel_costs_its_process_alone()
    {
        _tree.AddProcess(26231);
        _tree.AddProcess(26250);
        File.Delete(_tree["proc/26231/stat"]);
        File.CreateSymbolicLink(_tree["proc/26231/stat"], "/proc/self/mem");
        using ProcessTable table = Table(new ProcessSelection { All = true });

        Assert.Equal([26250], Refresh(table));
        Assert.Equal([("failed", 1L)], table.Skipped.ToArray().Select(static pair => (pair.Key, pair.Value)));
    }

    [Fact]
    public void A_proc_that_is_unmounted_is_no_host_without_processes()
    {
        _tree.AddProcess(26231);
        using ProcessTable table = Table(new ProcessSelection { All = true });
        Assert.Equal([26231], Refresh(table));

        _tree.RemoveProcess(26231);
        File.Delete(_tree["proc/stat"]);
        Assert.Contains("is not a proc file system any more", Assert.Throws<IOException>(table.Refresh).Message, StringComparison.Ordinal);

        _tree.Write("proc/stat", "btime 1700000000\n");
        Assert.Empty(Refresh(table));
    }

    [Fact]
    public void A_process_that_does_not_answer_is_still_watched_and_nobody_reads_what_may_hang()
    {
        _tree.AddProcess(26231);
        _tree.AddProcess(26250);
        using ProcessTable table = Table(new ProcessSelection { All = true });
        Refresh(table);
        TrackedProcess process = table.Watched.Single(static process => process.Identity.Pid == 26231);

        _tree.Paths.Hung.Add(26231);
        Assert.Equal([26231, 26250], Refresh(table).Order());
        Assert.True(process.Hangs);
        Assert.Equal([("hung", 1L)], table.Skipped.ToArray().Select(static pair => (pair.Key, pair.Value)));
        KernelBuffer buffer = new();
        Assert.Equal(ReadOutcome.Hung, process.ReadIo(buffer, out _));
        Assert.Equal(ReadOutcome.Success, process.ReadStatm(buffer, out _));
        Assert.Equal(ReadOutcome.Success, process.ReadStatus(buffer, out _));
        Assert.Equal(ReadOutcome.Success, process.Enter(out ProcessDirectory directory));
        Assert.Equal(ReadOutcome.Hung, directory.OpenFile("maps"u8, Libc.OpenReadOnly, out _));
        Assert.Equal(ReadOutcome.Hung, directory.ReadToEnd("cmdline"u8, buffer, out _));
        process.Leave(directory);

        // A new one cannot be considered; it is once it answers.
        _tree.AddProcess(26251);
        _tree.Paths.Hung.Add(26251);
        Assert.Equal([26231, 26250], Refresh(table).Order());
        _tree.Paths.Hung.Remove(26251);
        _tree.Paths.Hung.Remove(26231);
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal([26231, 26250, 26251], Refresh(table).Order());
        Assert.False(process.Hangs);
    }

    [Fact]
    public void Text_that_is_no_stat_is_counted_and_not_watched()
    {
        _tree.AddProcess(26231);
        _tree.Write("proc/26231/stat", "26231 (sleep) S 1\n");
        using ProcessTable table = Table(new ProcessSelection { All = true });

        Assert.Empty(Refresh(table));
        Assert.Equal([("malformed", 1L)], table.Skipped.ToArray().Select(static pair => (pair.Key, pair.Value)));
    }

    [Fact]
    public void Names_that_are_no_pids_are_no_processes()
    {
        _tree.AddProcess(26231);
        foreach (string name in new[] { "self", "1x", "x1", "-1", "0", "99999999999" })
        {
            _tree.Write($"proc/{name}/stat", "not looked at");
        }

        using ProcessTable table = Table(new ProcessSelection { All = true });

        Assert.Equal([26231], Refresh(table));
        Assert.Empty(table.Skipped.ToArray());
    }

    [Fact]
    public void A_proc_root_that_is_not_there_cannot_be_listed()
    {
        using ProcessTable table = new(new KernelPaths("/no/such/root"), new ProcessSelection { All = true }, new HandleBudget(1), _clock);

        Assert.ThrowsAny<IOException>(table.Refresh);
    }

    [Fact]
    public void A_proc_root_that_may_not_be_listed_is_no_empty_machine()
    {
        _tree.AddProcess(26231);
        File.SetUnixFileMode(_tree.Paths.ProcRoot, UnixFileMode.None);
        using ProcessTable table = Table(new ProcessSelection { All = true });

        Unprivileged.Run(() => Assert.Throws<UnauthorizedAccessException>(table.Refresh));
    }

    [Fact]
    public void A_child_listed_before_its_parent_is_found_a_refresh_later()
    {
        _tree.AddProcess(26231, pid: 5, parent: 9);
        _tree.AddProcess(26231, pid: 9, parent: 1, name: "parent");
        using ProcessTable table = Table(new ProcessSelection { Names = [new Regex("^parent$")] });

        Refresh(table);

        Assert.Equal([5, 9], Refresh(table).Order());
    }

    [Fact]
    public void A_process_that_was_passed_over_is_looked_at_again_ever_more_rarely()
    {
        _tree.AddProcess(26231, pid: 9, name: "early");
        using ProcessTable table = Table(new ProcessSelection { Names = [new Regex("^late$")] });
        Refresh(table);
        _clock.Advance(TimeSpan.FromSeconds(60));
        Refresh(table);
        _tree.SetName(9, "late");

        _clock.Advance(TimeSpan.FromSeconds(9.9));
        Assert.Empty(Refresh(table));
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal([9], Refresh(table));
    }

    [Fact]
    public void A_process_at_the_lower_bound_does_not_come_and_go()
    {
        _tree.AddProcess(26231, residentPages: 100 * Mebi);
        using ProcessTable table = Table(new ProcessSelection { All = true, MinResidentBytes = 100 << 20 });

        Assert.Equal([26231], RefreshAt(table, 26231, 100 * Mebi));
        Assert.Equal([26231], RefreshAt(table, 26231, 80 * Mebi));
        Assert.Empty(RefreshAt(table, 26231, (80 * Mebi) - 1));
        Assert.Equal(SkipReasons.BelowMinimum, Assert.Single(table.Dropped).Reason);
        Assert.Empty(RefreshAt(table, 26231, (100 * Mebi) - 1));
        Assert.Equal([26231], RefreshAt(table, 26231, 100 * Mebi));
        Assert.Empty(table.Dropped);
    }

    [Fact]
    public void A_process_at_the_upper_bound_does_not_come_and_go()
    {
        _tree.AddProcess(26231, pid: 1, residentPages: 100);
        _tree.AddProcess(26231, pid: 2, residentPages: 90);
        using ProcessTable table = Table(new ProcessSelection { All = true, MaxProcesses = 1 });

        Assert.Equal([1], Refresh(table));
        Assert.Equal([1], RefreshAt(table, 2, 124));
        Assert.Equal([2], RefreshAt(table, 2, 126));
        Assert.Equal([2], RefreshAt(table, 1, 120));
        Assert.Equal([(1, SkipReasons.Limit)], table.Dropped.Select(static dropped => (dropped.Process.Identity.Pid, dropped.Reason)));
    }

    [Fact]
    public void Who_was_watched_before_the_upper_bound_was_met_stays_then()
    {
        _tree.AddProcess(26231, pid: 1, residentPages: 100);
        using ProcessTable table = Table(new ProcessSelection { All = true, MaxProcesses = 1 });
        Assert.Equal([1], Refresh(table));

        _tree.AddProcess(26231, pid: 2, residentPages: 110);

        Assert.Equal([1], Refresh(table));
    }

    [Fact]
    public void A_bound_that_is_met_no_more_drops_nobody()
    {
        _tree.AddProcess(26231, pid: 1, residentPages: 100);
        _tree.AddProcess(26231, pid: 2, residentPages: 90);
        using ProcessTable table = Table(new ProcessSelection { All = true, MaxProcesses = 1 });
        Assert.Equal([1], Refresh(table));

        _tree.RemoveProcess(1);

        Assert.Equal([2], Refresh(table));
        Assert.Empty(table.Dropped);
    }

    [Fact]
    public void A_process_that_is_moved_belongs_to_its_new_unit_after_as_much_time_as_it_has_been_known()
    {
        _tree.AddProcess(26231);
        MoveTo("sshd.service");
        using ProcessTable table = Table(new ProcessSelection { All = true }, wantsCgroup: true);
        Refresh(table);
        TrackedProcess process = Assert.Single(table.Watched);
        Membership first = process.Membership;
        Assert.Equal("sshd.service", first.Unit);

        Refresh(table);
        Assert.Same(first, process.Membership);

        _clock.Advance(TimeSpan.FromSeconds(20));
        MoveTo("session-1.scope");
        Refresh(table);
        Assert.Equal(("session-1.scope", "/system.slice/session-1.scope"), (process.Membership.Unit, process.CgroupPath));

        MoveTo("session-2.scope");
        _clock.Advance(TimeSpan.FromSeconds(19));
        Refresh(table);
        Assert.Equal("session-1.scope", process.Membership.Unit);

        _clock.Advance(TimeSpan.FromSeconds(1));
        Refresh(table);
        Assert.Equal("session-2.scope", process.Membership.Unit);

        // However long it has been known.
        _clock.Advance(TimeSpan.FromHours(1));
        Refresh(table);
        MoveTo("session-3.scope");
        _clock.Advance(TimeSpan.FromMinutes(1));
        Refresh(table);
        Assert.Equal("session-3.scope", process.Membership.Unit);
        Assert.Same(process, Assert.Single(table.Watched));
    }

    [Fact]
    public void A_process_that_execs_belongs_to_its_new_container_at_once()
    {
        const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        _tree.AddProcess(26231, name: "runc:[2:INIT]");
        MoveTo("docker.service");
        using ProcessTable table = Table(new ProcessSelection { All = true }, wantsCgroup: true);
        _clock.Advance(TimeSpan.FromSeconds(30));
        Refresh(table);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Refresh(table);

        MoveTo($"docker-{Id}.scope");
        _tree.SetName(26231, "postgres");
        Refresh(table);

        Assert.Equal((Id, "docker", ""), (table.Watched[0].Membership.Container.Id, table.Watched[0].Membership.Container.Runtime, table.Watched[0].Membership.Unit));
    }

    [Fact]
    public void A_process_that_is_moved_out_of_the_selected_groups_is_not_watched()
    {
        _tree.AddProcess(26231);
        MoveTo("a.service");
        using ProcessTable table = Table(new ProcessSelection { Cgroups = [static path => path == "/system.slice/a.service"] });
        Assert.Equal([26231], Refresh(table));

        MoveTo("b.service");
        _clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Empty(Refresh(table));
    }

    [Fact]
    public void A_process_whose_groups_cannot_be_read_belongs_to_nothing_and_is_watched()
    {
        _tree.AddProcess(26231);
        File.Delete(_tree["proc/26231/cgroup"]);
        using ProcessTable table = Table(new ProcessSelection { All = true }, wantsCgroup: true);

        Assert.Equal([26231], Refresh(table));
        Assert.Same(Membership.None, table.Watched[0].Membership);
    }

    private void MoveTo(string unit) => _tree.Write("proc/26231/cgroup", $"1:name=systemd:/system.slice/{unit}\n0::/system.slice/{unit}\n");

    private ProcessTable Table(ProcessSelection selection, HandleBudget? budget = null, bool wantsCgroup = false) =>
        new(_tree.Paths, selection, budget ?? new HandleBudget(100), _clock, wantsCgroup);

    private int[] RefreshAt(ProcessTable table, int pid, int residentPages)
    {
        _tree.SetResidentPages(pid, residentPages);
        return Refresh(table);
    }

    private static int[] Refresh(ProcessTable table)
    {
        table.Refresh();
        return [.. table.Watched.Select(static process => process.Identity.Pid)];
    }

    public void Dispose()
    {
        File.SetUnixFileMode(_tree.Paths.ProcRoot, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _tree.Dispose();
    }
}
