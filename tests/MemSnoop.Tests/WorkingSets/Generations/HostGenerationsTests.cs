using System.Text;
using MemSnoop.Kernel;
using MemSnoop.Tests.ProcFs;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.Generations;

namespace MemSnoop.Tests.WorkingSets.Generations;

/// <summary>Memory of control groups by the age of their generations, on hosts of plain files.</summary>
public sealed class HostGenerationsTests : IDisposable
{
    private static readonly ulong Page = (ulong)Environment.SystemPageSize;
    private readonly ProcTree _tree = new();

    public HostGenerationsTests()
    {
        _tree.Write("sys/kernel/mm/lru_gen/enabled", "0x0007\n");
        _tree.Write("proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n/dev/zram0 partition 100 0 -2\n");
        _tree.Write("proc/sys/vm/swappiness", "60\n");
        _tree.Write("sys/fs/cgroup/cgroup.controllers", "memory\n");
        AddGroups("", "/a", "/b", "/b/c d");
    }

    [Fact]
    public void Nothing_aged_is_one_band_as_old_as_the_group()
    {
        List("memcg 1 /\n node 0\n 0 45000 0 3\n 1 45000 0 4\n 2 45000 0 0\n 3 45000 700 5\n");
        Assert.Equal(["/ anon 0-60 700", "/ file 0-60 12"], Bands());
    }

    /// <summary>The youngest takes new memory, and so does the one before; what was left of older ones is in the oldest.</summary>
    [Fact]
    public void Bounds_are_the_moments_at_which_generations_were_opened()
    {
        List("memcg 1 /a\n node 0\n 4 400000 1 10\n 5 200000 2 20\n 6 70000 3 30\n 7 40000 4 40\n");
        Assert.Equal(
            ["/a anon 0-120 3", "/a anon 0-60 4", "/a anon 120-+Inf 1", "/a anon 60-300 2", "/a file 0-+Inf 10", "/a file 0-120 30", "/a file 0-300 20", "/a file 0-60 40"],
            Bands());
    }

    [Fact]
    public void The_first_generations_were_opened_with_the_group()
    {
        List("memcg 1 /a\n node 0\n 2 400000 1 0\n 3 400000 2 0\n 4 200000 4 0\n 5 70000 8 0\n");
        Assert.Equal(["/a anon 0-120 8", "/a anon 0-300 4", "/a anon 120-600 3"], Bands());
    }

    [Fact]
    public void An_age_beyond_the_last_boundary_has_no_bound_above()
    {
        List("memcg 1 /a\n node 0\n 3 3600001 5 0\n");
        Assert.Equal(["/a anon 0-+Inf 5"], Bands());
        List("memcg 1 /a\n node 0\n 3 3600000 5 0\n");
        Assert.Equal(["/a anon 0-3600 5"], Bands());
    }

    [Theory]
    [InlineData("Filename\tType\tSize\tUsed\tPriority\n", "60\n")]
    [InlineData("", "60\n")]
    [InlineData("Filename\tType\tSize\tUsed\tPriority\n/dev/zram0 partition 100 0 -2\n", "0\n")]
    public void Without_swap_anonymous_memory_has_no_bounds_once_there_was_aging(string swaps, string swappiness)
    {
        _tree.Write("proc/swaps", swaps);
        _tree.Write("proc/sys/vm/swappiness", swappiness);
        List("memcg 1 /a\n node 0\n 4 400000 1 10\n 5 200000 2 0\n 6 70000 3 0\n 7 40000 4 0\nmemcg 2 /b\n node 0\n 3 5000 6 0\n");
        Assert.Equal(["/a anon 0-+Inf 10", "/a file 0-+Inf 10", "/b anon 0-30 6"], Bands());
    }

    [Fact]
    public void Nodes_are_summed_each_by_its_own_moments()
    {
        List("memcg 1 /a\n node 0\n 3 20000 5 0\n node 1\n 3 20000 6 0\n 4 10000 7 0\nmemcg 2 /b\n node 0\n 3 1 1 0\n node 1\n 3 40000 2 0\n");
        Assert.Equal(["/a anon 0-30 18", "/b anon 0-30 1", "/b anon 0-60 2"], Bands());
    }

    [Fact]
    public void Names_may_have_blanks_and_bytes_that_are_no_text()
    {
        List("memcg 1 /b/c d\n node 0\n 3 1 5 0\n");
        Assert.Equal(["/b/c d anon 0-30 5"], Bands());

        // Both would be U+FFFD, and two series with the same labels would spoil the scrape: one counts in the group above.
        byte[] text = Encoding.Latin1.GetBytes("memcg 1 /\u00fe\n node 0\n 3 1 5 0\nmemcg 2 /\u00ff\n node 0\n 3 1 6 0\n");
        _tree.Remove("sys/fs/cgroup");
        File.WriteAllBytes(_tree["sys/kernel/debug/lru_gen"], text);
        Assert.Equal(["/ anon 0-30 5", "/\ufffd anon 0-30 6"], Bands());
    }

    [Fact]
    public void Without_control_groups_the_host_is_the_root() // cgroup_disable=memory
    {
        List("memcg     0 \n node     0\n          3       9492      51224           7 \n");
        Assert.Equal(["/ anon 0-30 51224", "/ file 0-30 7"], Bands());
    }

    [Fact]
    public void A_removed_group_counts_in_the_one_above_it()
    {
        List("memcg 1 /\n node 0\n 3 1 1 0\nmemcg 2 /b\n node 0\n 3 1 2 0\nmemcg 0 /b/gone\n node 0\n 3 1 4 0\nmemcg 0 /b/gone/too\n node 0\n 3 1 8 0\nmemcg 0 /gone\n node 0\n 3 1 16 0\n");
        Assert.Equal(["/ anon 0-30 17", "/b anon 0-30 14"], Bands());
    }

    [Fact]
    public void Of_several_groups_of_one_name_only_the_last_can_be_there()
    {
        List("memcg 1 /\n node 0\n 3 1 1 0\nmemcg 7 /a\n node 0\n 3 1 2 0\nmemcg 0 /a\n node 0\n 3 1 4 0\nmemcg 9 /a\n node 0\n 3 1 8 0\n");
        Assert.Equal(["/ anon 0-30 7", "/a anon 0-30 8"], Bands());
    }

    [Fact]
    public void What_the_kernel_lists_twice_while_groups_come_counts_once()
    {
        List("memcg 7 /a\n node 0\n 3 1 2 0\n node 1\n 3 1 3 0\nmemcg 7 /a\n node 0\n 3 1 2 0\n node 1\n 3 1 3 0\n");
        Assert.Equal(["/a anon 0-30 5"], Bands());
    }

    [Fact]
    public void Groups_without_memory_are_not_shown()
    {
        List("memcg 1 /a\n node 0\n 3 1 0 0\nmemcg 2 /b\n node 0\n 3 1 0 1\n");
        using HostGenerations generations = Open();
        Assert.Equal(ReadOutcome.Success, generations.Read());
        Assert.Equal(("/b", 0), (Assert.Single(generations.Shown).Path, generations.Dropped));
    }

    [Fact]
    public void The_largest_are_shown_and_stay_until_others_are_a_quarter_larger()
    {
        List("memcg 1 /\n");
        using HostGenerations generations = Open(maxGroups: 1);
        Assert.Equal(("/a", 1, 9ul), Largest(10, 9));
        Assert.Equal(("/a", 1, 12ul), Largest(10, 12));
        Assert.Equal(("/b", 1, 10ul), Largest(10, 13));
        Assert.Equal(("/b", 1, 12ul), Largest(12, 10));

        (string, int, ulong) Largest(int a, int b)
        {
            List($"memcg 1 /a\n node 0\n 3 1 {a} 0\nmemcg 2 /b\n node 0\n 3 1 {b} 0\n");
            Assert.Equal(ReadOutcome.Success, generations.Read());
            return (Assert.Single(generations.Shown).Path, generations.Dropped, generations.DroppedBytes / Page);
        }
    }

    [Fact]
    public void A_group_that_is_gone_leaves_nothing_and_begins_anew()
    {
        using HostGenerations generations = OpenWith("memcg 1 /a\n node 0\n 3 1 5 0\nmemcg 2 /b\n node 0\n 3 1 1 0\n");
        Assert.Equal(["/a anon 0-30 5", "/b anon 0-30 1"], Bands(generations));
        List("memcg 2 /b\n node 0\n 3 1 2 0\n");
        Assert.Equal(["/b anon 0-30 2"], Bands(generations));
        List("memcg 3 /a\n node 0\n 3 1 6 0\nmemcg 2 /b\n node 0\n 3 1 3 0\n");
        Assert.Equal(["/a anon 0-30 6", "/b anon 0-30 3"], Bands(generations));
    }

    [Fact]
    public void Nothing_is_allocated_once_the_groups_are_known()
    {
        List(string.Concat(Enumerable.Range(0, 500).Select(static group => $"memcg {group + 2} /a/{group}\n node 0\n 2 90000 0 7\n 3 90000 {group} 3\n 4 10 5 0\n")));
        AddGroups([.. Enumerable.Range(0, 500).Select(static group => $"/a/{group}")]);
        using HostGenerations generations = Open();
        generations.Read();
        generations.Read();
        long least = long.MaxValue;
        for (int round = 0; round < 5; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            generations.Read();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal((500, 0), (generations.Shown.Count, least));
    }

    [Fact]
    public void Switched_off_there_is_nothing_and_on_again_there_is()
    {
        List("memcg 1 /a\n node 0\n 3 1 5 0\n");
        using HostGenerations generations = Open();
        Assert.Equal(["/a anon 0-30 5"], Bands(generations));
        _tree.Write("sys/kernel/mm/lru_gen/enabled", "0x0000\n");
        Assert.Equal(ReadOutcome.NotSupported, generations.Read());
        Assert.Equal((0, false, "switched_off"), (generations.Shown.Count, generations.IsKnown, generations.Support.Reason));
        _tree.Write("sys/kernel/mm/lru_gen/enabled", "0x0003\n");
        Assert.Equal(["/a anon 0-30 5"], Bands(generations));
    }

    [Theory]
    [InlineData(false, null, "not_built")]
    [InlineData(true, null, "no_debugfs")]
    [InlineData(true, "of a form never seen\n", "malformed")]
    [InlineData(true, "memcg 1 /\n node 0\n 3 1 1 1\n", "ok")]
    public void Why_not_is_one_word(bool isBuilt, string? listing, string reason)
    {
        if (!isBuilt)
        {
            _tree.Remove("sys/kernel/mm/lru_gen");
        }

        if (listing is not null)
        {
            List(listing);
        }

        ProbeResult support = HostGenerations.Probe(_tree.Paths);
        Assert.Equal((reason, reason == "ok", reason == "ok"), (support.Reason, support.IsSupported, support.Advice.Length == 0));
    }

    [Theory]
    [InlineData("lru_gen-6.12")]
    [InlineData("lru_gen-7.2")]
    [InlineData("lru_gen_full-6.12")]
    public void Every_page_that_a_kernel_lists_is_in_one_band(string file)
    {
        string text = File.ReadAllText(Path.Combine(Fixture.ReclaimRoot, file), Encoding.Latin1);
        _tree.Write("sys/kernel/debug/lru_gen", text);
        ulong pages = 0;
        MemSnoop.ProcFs.LruGen line = new(Encoding.Latin1.GetBytes(text));
        while (line.MoveNext())
        {
            pages += line.Anon + line.File;
        }

        using HostGenerations generations = Open();
        Assert.Equal(ReadOutcome.Success, generations.Read());
        Assert.Equal(pages * Page, generations.Shown.Aggregate(0ul, static (sum, group) => sum + group.Bytes));
        Assert.All(generations.Shown, static group =>
        {
            Assert.Equal(group.Bytes, group.Bands.ToArray().Aggregate(0ul, static (sum, band) => sum + band.Bytes));
            Assert.All(group.Bands.ToArray(), static band => Assert.True(band.Min < band.Max));
        });
    }

    /// <summary>Whatever the text is: the reading ends, and no two bands of one name have the same bounds.</summary>
    [Fact]
    public void Any_text_is_read_to_its_end()
    {
        Random random = new(13);
        string[] parts = ["memcg ", "1 ", "18446744073709551615 ", "/a", "/b/c d", " node ", "0\n", "7\n", "\n", " 3 ", " 18446744073709551615 ", "x", " 5 5 5 5\n", " 0 1 2 3 \n", "memcg 2 /a\n node 0\n"];
        using HostGenerations generations = OpenWith("memcg 1 /\n node 0\n 3 1 1 1\n");
        for (int round = 0; round < 3000; round++)
        {
            List(string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => parts[random.Next(parts.Length)])));
            generations.Read();
            string[] names = [.. generations.Shown.SelectMany(static group => group.Bands.ToArray().Select(band => $"{group.Path} {band.IsFile} {band.Min} {band.Max}"))];
            Assert.Equal(names.Length, names.Distinct().Count());
        }
    }

    private HostGenerations Open(int maxGroups = 1000) => HostGenerations.Open(_tree.Paths, IdleAges.Default, maxGroups);

    private HostGenerations OpenWith(string listing)
    {
        List(listing);
        return Open();
    }

    private void List(string text) => _tree.Write("sys/kernel/debug/lru_gen", text);

    private void AddGroups(params string[] paths) => Array.ForEach(paths, path => _tree.Write($"sys/fs/cgroup{path}/cgroup.procs", ""));

    private string[] Bands()
    {
        using HostGenerations generations = Open();
        return Bands(generations);
    }

    private static string[] Bands(HostGenerations generations)
    {
        Assert.Equal(ReadOutcome.Success, generations.Read());
        return [.. generations.Shown.SelectMany(static group => group.Bands.ToArray().Select(band =>
            $"{group.Path} {(band.IsFile ? "file" : "anon")} {IdleAges.Default[band.Min].TotalSeconds}-{(band.Max == IdleAges.Default.Count ? "+Inf" : $"{IdleAges.Default[band.Max].TotalSeconds}")} {band.Bytes / Page}"))
            .Order(StringComparer.Ordinal)];
    }

    public void Dispose() => _tree.Dispose();
}
