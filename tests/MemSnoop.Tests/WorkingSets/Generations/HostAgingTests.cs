using System.Text;
using MemSnoop.Kernel;
using MemSnoop.Locks;
using MemSnoop.WorkingSets.Generations;

namespace MemSnoop.Tests.WorkingSets.Generations;

/// <summary>Which control groups are aged, by which commands, and when nothing is. On hosts of plain files: the listing is one file, and commands go to another.</summary>
public sealed class HostAgingTests : IDisposable
{
    private static readonly TimeSpan Due = TimeSpan.FromSeconds(50);
    private static readonly TimeSpan Overdue = TimeSpan.FromSeconds(60);

    private readonly ProcTree _tree = new();

    public HostAgingTests()
    {
        _tree.Write("sys/kernel/mm/lru_gen/enabled", "0x0007\n");
        _tree.Write("proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n/dev/zram0 partition 100 0 -2\n");
        _tree.Write("proc/sys/vm/swappiness", "60\n");
        _tree.Write("sys/fs/cgroup/cgroup.controllers", "memory\n");
        _tree.Write(Commands, "");
        foreach (string path in (string[])["", "/a", "/b", "/c d"])
        {
            _tree.Write($"sys/fs/cgroup{path}/cgroup.procs", "");
        }
    }

    private const string Commands = "proc/1/root/sys/kernel/debug/lru_gen";

    /// <summary>The form of the numbers is that of the kernel: of groups with 16 bits (until 7.0) and with 64, and of generations.</summary>
    [Theory]
    [InlineData("memcg     1 /\n node     0\n          3      90000          1          2\n", "+ 1 0 3 1 1")]
    [InlineData("memcg 65535 /a\n node 1\n 7 90000 1 0\n", "+ 65535 1 7 1 1")]
    [InlineData("memcg 18446744073709551615 /a\n node 1023\n 18446744073709551615 90000 1 0\n", "+ 18446744073709551615 1023 18446744073709551615 1 1")]
    [InlineData("memcg 4294967297 /c d\n node 0\n 4 900000 5 5\n 5 800000 0 0\n 6 700000 0 0\n 7 50000 0 0\n", "+ 4294967297 0 7 1 1")]
    [InlineData("memcg     0 \n node     0\n          3      90000      51224           7 \n", "+ 0 0 3 1 1")] // cgroup_disable=memory
    public void The_command_has_the_numbers_as_they_were_read(string listing, string command)
    {
        using HostAging aging = Begin(listing);
        Assert.Equal([command], Age(aging));
    }

    [Theory]
    [InlineData("Filename\tType\tSize\tUsed\tPriority\n", "60\n")]
    [InlineData("", "60\n")]
    [InlineData("Filename\tType\tSize\tUsed\tPriority\n/dev/zram0 partition 100 0 -2\n", "0\n")]
    public void Anonymous_memory_is_left_alone_where_the_kernel_does_not_age_it(string swaps, string swappiness)
    {
        _tree.Write("proc/swaps", swaps);
        _tree.Write("proc/sys/vm/swappiness", swappiness);
        using HostAging aging = Begin("memcg 2 /a\n node 0\n 3 90000 1 0\n");
        Assert.Equal(["+ 2 0 3 0 1"], Age(aging));
    }

    [Fact]
    public void Who_was_aged_a_while_ago_is_left_alone_whoever_aged_him()
    {
        using HostAging aging = Begin("memcg 2 /a\n node 0\n 3 90000 1 0\n 4 49999 1 0\nmemcg 3 /b\n node 0\n 3 50000 1 0\n");
        Assert.Equal(["+ 3 0 3 1 1"], Age(aging));
        Assert.Equal(0, aging.Overdue);
    }

    [Fact]
    public void Nodes_are_aged_apart_each_when_it_is_due_and_has_memory()
    {
        using HostAging aging = Begin("memcg 2 /a\n node 0\n 3 90000 1 0\n node 1\n 4 100 1 0\n node 2\n 5 80000 0 0\n node 3\n 6 60001 0 1\n");
        Assert.Equal(["+ 2 0 3 1 1", "+ 2 3 6 1 1"], Age(aging));
        Assert.Equal(2, aging.Overdue);
    }

    [Fact]
    public void Groups_without_memory_and_those_beyond_the_limit_are_left_out()
    {
        const string Listing = "memcg 1 /\n node 0\n 3 90000 5 0\nmemcg 2 /a\n node 0\n 3 90000 3 3\nmemcg 3 /b\n node 0\n 3 90000 0 0\nmemcg 4 /c d\n node 0\n 3 90000 4 0\n";
        using (HostAging aging = Begin(Listing, maxGroups: 2))
        {
            Assert.Equal(["+ 1 0 3 1 1", "+ 2 0 3 1 1"], Age(aging));
        }

        using HostAging none = Begin(Listing, maxGroups: 0);
        Assert.Empty(Age(none));
    }

    /// <summary>A removed group has number 0 in older kernels. In newer ones it keeps its number, by which it is not found, beside one that was made under its name.</summary>
    [Fact]
    public void Removed_groups_are_left_out()
    {
        using HostAging aging = Begin(
            "memcg 1 /\n node 0\n 3 90000 5 0\nmemcg 7 /a\n node 0\n 3 90000 3 3\nmemcg 0 /b\n node 0\n 3 90000 2 0\nmemcg 9 /a\n node 0\n 3 90000 3 3\nmemcg 11 /gone\n node 0\n 3 90000 3 3\n");
        Assert.Equal(["+ 1 0 3 1 1", "+ 9 0 3 1 1"], Age(aging));
    }

    [Fact]
    public void A_turn_has_its_part_of_the_groups_those_first_that_have_waited_longest()
    {
        string[] paths = [.. Enumerable.Range(0, 10).Select(static number => $"/a/{number}")];
        Array.ForEach(paths, path => _tree.Write($"sys/fs/cgroup{path}/cgroup.procs", ""));
        using HostAging aging = Begin(string.Concat(paths.Select(static (path, number) => $"memcg {number + 10} {path}\n node 0\n 3 {60_000 + (number * 1000)} 1 0\n")), turns: 4);
        Assert.Equal(3, aging.Left);
        Assert.Equal(9, aging.Overdue);
        Assert.Equal(["+ 19 0 3 1 1", "+ 18 0 3 1 1", "+ 17 0 3 1 1"], Age(aging));
        Assert.Equal(0, aging.Left);
    }

    [Fact]
    public void What_a_turn_has_left_is_planned_anew()
    {
        using HostAging aging = Begin("memcg 2 /a\n node 0\n 3 90000 1 0\nmemcg 3 /b\n node 0\n 3 80000 1 0\n", turns: 1);
        Assert.True(aging.TryAge(out _));
        List("memcg 2 /a\n node 0\n 3 91000 0 0\n 4 1000 1 0\nmemcg 3 /b\n node 0\n 3 90000 0 0\n 4 10 1 0\n");
        aging.Begin(Due, Overdue, 1);
        Assert.Empty(Age(aging));
    }

    [Fact]
    public void Nobody_else_takes_accessed_bits_while_it_ages_and_who_waits_is_told_why()
    {
        using (HostAging aging = Begin("memcg 2 /a\n node 0\n 3 90000 1 0\n"))
        {
            Assert.True(aging.Support.IsSupported);
            string holder = MeasuringLock.FindBitmapHolder(_tree.Paths, LockMode.Shared)!;
            Assert.Matches("^process .* \\(.*, aging generations, since [^)]*\\)$", holder);

            // Another that wants to age waits, and says for whom.
            using HostAging other = Begin("memcg 2 /a\n node 0\n 3 90000 1 0\n");
            Assert.Equal((ProbeResult.InUse, false), (other.Support.Reason, other.Support.IsSupported));
            Assert.Contains("aging generations", other.Support.Explanation, StringComparison.Ordinal);
            Assert.Empty(Age(other));
            Assert.Equal(ProbeResult.InUse, HostAging.ProbeNow(_tree.Paths).Reason);
        }

        Assert.Null(MeasuringLock.FindBitmapHolder(_tree.Paths, LockMode.Exclusive));
        Assert.Equal("ok", HostAging.ProbeNow(_tree.Paths).Reason);
    }

    [Theory]
    [InlineData(LockMode.Exclusive)]
    [InlineData(LockMode.Shared)]
    public void While_somebody_measures_nothing_is_aged(object mode)
    {
        (MeasuringLock? taken, _) = MeasuringLock.TryTakeBitmap(_tree.Paths, (LockMode)mode);
        using HostAging aging = Begin("memcg 2 /a\n node 0\n 3 90000 1 0\n");
        Assert.Equal(ProbeResult.InUse, aging.Support.Reason);
        Assert.Empty(Age(aging));
        taken!.Dispose();
        aging.Begin(Due, Overdue, 1);
        Assert.Equal(["+ 2 0 3 1 1"], Age(aging));
    }

    /// <summary>Others may measure while there is nothing to age.</summary>
    [Fact]
    public void Switched_off_it_gives_the_lock_back()
    {
        using HostAging aging = Begin("memcg 2 /a\n node 0\n 3 90000 1 0\n");
        _tree.Write("sys/kernel/mm/lru_gen/enabled", "0x0000\n");
        aging.Begin(Due, Overdue, 1);
        Assert.Equal("switched_off", aging.Support.Reason);
        Assert.Empty(Age(aging));
        Assert.Null(MeasuringLock.FindBitmapHolder(_tree.Paths, LockMode.Exclusive));
        _tree.Write("sys/kernel/mm/lru_gen/enabled", "0x0003\n");
        aging.Begin(Due, Overdue, 1);
        Assert.Equal(["+ 2 0 3 1 1"], Age(aging));
    }

    [Theory]
    [InlineData("0x0001\n", "no_walk")]
    [InlineData("0x0005\n", "no_walk")]
    [InlineData("0x0002\n", "switched_off")]
    [InlineData("y\n", "switched_off")]
    [InlineData("", "switched_off")]
    public void Without_a_walk_over_page_tables_an_aging_would_notice_nothing(string enabled, string reason)
    {
        _tree.Write("sys/kernel/mm/lru_gen/enabled", enabled);
        using HostAging aging = Begin("memcg 2 /a\n node 0\n 3 90000 1 0\n");
        Assert.Equal(reason, aging.Support.Reason);
        Assert.Empty(Age(aging));
    }

    /// <summary>The kernel kills rather than reclaim from a group whose oldest generation is younger than that.</summary>
    [Theory]
    [InlineData("0\n", "ok")]
    [InlineData("59999\n", "ok")]
    [InlineData("60000\n", "min_ttl")]
    [InlineData("18446744073709551615\n", "min_ttl")]
    [InlineData("many\n", "ok")]
    public void Groups_are_not_aged_so_often_that_nothing_could_be_reclaimed(string milliseconds, string reason)
    {
        _tree.Write("sys/kernel/mm/lru_gen/min_ttl_ms", milliseconds);
        using HostAging aging = Begin("memcg 2 /a\n node 0\n 3 90000 1 0\n");
        Assert.Equal(reason, aging.Support.Reason);
        Assert.Equal(reason == "ok" ? 1 : 0, aging.Left);
    }

    [Fact]
    public void Without_a_file_to_write_to_it_says_so()
    {
        _tree.Remove("proc/1");
        using HostAging aging = Begin("memcg 2 /a\n node 0\n 3 90000 1 0\n");
        Assert.Equal(("no_debugfs", HostAging.MethodName), (aging.Support.Reason, aging.Support.Method));
        Assert.NotEmpty(aging.Support.Advice);
        Assert.Null(MeasuringLock.FindBitmapHolder(_tree.Paths, LockMode.Exclusive));
    }

    /// <summary>There is no memory at address 0, so that file of the kernel refuses every write to its beginning.</summary>
    [Fact]
    public void What_the_kernel_refuses_is_tried_once_a_turn()
    {
        File.Delete(_tree[Commands]);
        File.CreateSymbolicLink(_tree[Commands], "/proc/self/mem");
        using HostAging aging = Begin("memcg 2 /a\n node 0\n 3 90000 1 0\nmemcg 3 /b\n node 0\n 3 80000 1 0\n");
        Assert.Equal("ok", aging.Support.Reason);
        Refuse(2);
        for (int round = 0; round < 3; round++)
        {
            aging.Begin(Due, Overdue, 1);
            Assert.Equal("failed", aging.Support.Reason);
            Refuse(1);
        }

        void Refuse(int times)
        {
            Assert.Equal(times, aging.Left);
            while (aging.TryAge(out AgingOutcome outcome))
            {
                Assert.Equal(AgingOutcome.Failed, outcome);
            }
        }
    }

    [Theory]
    [InlineData(ReadOutcome.Success, 0, AgingOutcome.Aged)]
    [InlineData(ReadOutcome.Failed, 22, AgingOutcome.Gone)]
    [InlineData(ReadOutcome.Failed, 17, AgingOutcome.Busy)]
    [InlineData(ReadOutcome.Denied, 1, AgingOutcome.Denied)]
    [InlineData(ReadOutcome.Failed, 12, AgingOutcome.Failed)]
    [InlineData(ReadOutcome.Failed, 34, AgingOutcome.Failed)]
    public void Errors_of_the_command_have_their_meaning(ReadOutcome outcome, int error, object expected)
    {
        Assert.Equal((AgingOutcome)expected, AgingCommand.Classify(outcome, error));
        Assert.Matches("^[a-z]+$", ((AgingOutcome)expected).ToReason());
    }

    /// <summary>Whatever the listing is: commands have five numbers, of groups that it names.</summary>
    [Fact]
    public void Of_any_listing_only_whole_commands_are_made()
    {
        Random random = new(13);
        string[] parts = ["memcg ", "1 ", "18446744073709551615 ", "99999999999999999999 ", "-1 ", "/a", "/c d", " node ", "0\n", "7\n", "4294967296\n", "\n", " 3 ", " 18446744073709551615 ", "x", " 5 99999 5 5\n", " 0 88888 2 3 \n", "memcg 2 /a\n node 0\n"];
        using HostAging aging = Begin("memcg 1 /\n node 0\n 3 1 1 1\n");
        for (int round = 0; round < 1000; round++)
        {
            List(string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => parts[random.Next(parts.Length)])));
            aging.Begin(Due, Overdue, 1);
            Assert.All(Age(aging), static command => Assert.Matches("^\\+ [0-9]+ [0-9]+ [0-9]+ 1 1$", command));
        }
    }

    [Fact]
    public void Nothing_is_allocated_once_the_groups_are_known()
    {
        Array.ForEach([.. Enumerable.Range(0, 300)], group => _tree.Write($"sys/fs/cgroup/a/{group}/cgroup.procs", ""));
        using HostAging aging = Begin(string.Concat(Enumerable.Range(0, 300).Select(static group => $"memcg {group + 2} /a/{group}\n node 0\n 2 90000 0 7\n 3 90000 {group} 3\n 4 {50_000 + group} 5 0\n")), turns: 4);
        long least = long.MaxValue;
        for (int round = 0; round < 5; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            aging.Begin(Due, Overdue, 4);
            while (aging.TryAge(out _))
            {
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    private HostAging Begin(string listing, int maxGroups = 1000, int turns = 1)
    {
        List(listing);
        HostAging aging = HostAging.Open(_tree.Paths, maxGroups);
        aging.Begin(Due, Overdue, turns);
        return aging;
    }

    private void List(string text) => _tree.Write("sys/kernel/debug/lru_gen_full", text);

    /// <summary>Ages the rest of the turn; the commands in their order.</summary>
    private List<string> Age(HostAging aging)
    {
        List<string> commands = [];
        while (aging.Left > 0)
        {
            // A plain file keeps all commands, one behind the other; what was cut off before the last one reads as zeros.
            File.WriteAllText(_tree[Commands], "");
            Assert.True(aging.TryAge(out AgingOutcome outcome));
            Assert.Equal(AgingOutcome.Aged, outcome);
            string text = File.ReadAllText(_tree[Commands], Encoding.ASCII).TrimStart('\0');
            Assert.EndsWith("\n", text, StringComparison.Ordinal);
            commands.Add(text[..^1]);
        }

        Assert.False(aging.TryAge(out _));
        return commands;
    }

    public void Dispose() => _tree.Dispose();
}
