using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class MemoryAmountsTests
{
    [Fact]
    public void Version_2_has_what_the_kernel_takes_and_what_came_back()
    {
        Assert.True(MemoryAmounts.TryParse(Read("memory.stat"), out MemoryAmounts amounts));
        Assert.Equal(
            new MemoryAmounts { Kernel = 176128, Sock = 0, ActiveFile = 0, InactiveFile = 0, SlabReclaimable = 0, RefaultedAnonPages = 15372, RefaultedFilePages = 0 }, amounts);
    }

    /// <summary>The numbers without <c>total_</c> are those of the group alone.</summary>
    [Fact]
    public void Version_1_has_the_numbers_of_the_group_and_all_below_it()
    {
        byte[] text = Read("memory.stat-v1");
        string[] lines = Encoding.ASCII.GetString(text).Split('\n');
        Assert.True(MemoryAmounts.TryParseVersion1(text, out MemoryAmounts amounts));
        Assert.Equal(
            new MemoryAmounts
            {
                ActiveFile = Number("total_active_file"), InactiveFile = Number("total_inactive_file"), Swap = Number("total_swap"),
                HierarchicalLimit = 9223372036854771712, RefaultedAnonPages = Number("total_workingset_refault_anon"), RefaultedFilePages = Number("total_workingset_refault_file"),
            },
            amounts);
        Assert.NotEqual(Number("active_file"), amounts.ActiveFile);

        ulong Number(string name) => ulong.Parse(lines.Single(line => line.StartsWith(name + " ", StringComparison.Ordinal)).Split(' ')[1]);
    }

    [Fact]
    public void Kernels_before_5_9_count_the_refaults_of_files_under_another_name()
    {
        Assert.True(MemoryAmounts.TryParse("file 4096\nworkingset_refault 7\nworkingset_activate 3\n"u8, out MemoryAmounts amounts));
        Assert.Equal(new MemoryAmounts { RefaultedFilePages = 7 }, amounts);
    }

    [Fact]
    public void Compressed_pages_are_told_where_the_kernel_compresses()
    {
        Assert.True(MemoryAmounts.TryParse("zswap 1048576\nzswapped 4194304\n"u8, out MemoryAmounts amounts));
        Assert.Equal(new MemoryAmounts { Zswap = 1048576 }, amounts);
    }

    [Theory]
    [InlineData("")]
    [InlineData("kernel\n", true)]
    [InlineData("kernel 12")]
    [InlineData("kernel -1\n")]
    [InlineData("kernel 1 2\n")]
    [InlineData("kernel 1x\n")]
    [InlineData("kernel 18446744073709551616\n")]
    [InlineData("anon many\nfile ?\n", true)]
    public void What_is_no_number_is_refused_only_where_it_is_asked_for(string text, bool isTaken = false) =>
        Assert.Equal(isTaken, MemoryAmounts.TryParse(Encoding.UTF8.GetBytes(text), out MemoryAmounts amounts) && amounts == default);

    private static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(Fixture.ReclaimRoot, name));
}
