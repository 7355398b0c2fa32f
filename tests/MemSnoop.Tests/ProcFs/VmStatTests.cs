using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class VmStatTests
{
    [Fact]
    public void All_counters_of_a_real_file_are_found()
    {
        Assert.True(VmStat.TryParse(Fixture.Read("vmstat"), out VmStat host));
        Assert.Equal(
            new VmStat { ScannedAnon = 0, ScannedFile = 0, Reclaims = 0, Refilled = 0, Deactivated = 0, LazyFreed = 0, Collapses = 0 }, host);
    }

    [Fact]
    public void Each_counter_has_its_own_value_and_reclaims_are_summed()
    {
        Assert.True(VmStat.TryParse(
            "nr_free_pages 5\nallocstall_dma 1\nallocstall_normal 2\npgdeactivate 3\npglazyfree 4\npglazyfreed 99\npgrefill 5\npgscan_anon 6\npgscan_file 7\npageoutrun 8\nthp_collapse_alloc 9\n"u8,
            out VmStat host));
        Assert.Equal(
            new VmStat { ScannedAnon = 6, ScannedFile = 7, Reclaims = 11, Refilled = 5, Deactivated = 3, LazyFreed = 4, Collapses = 9 }, host);
    }

    [Fact]
    public void A_kernel_without_event_counters_has_none()
    {
        Assert.True(VmStat.TryParse("nr_free_pages 5\nnr_zone_inactive_anon 1\n"u8, out VmStat host));
        Assert.Equal(default, host);
    }

    [Theory]
    [InlineData("")]
    [InlineData("pgscan_anon 12")]
    [InlineData("pgscan_anon x\n")]
    [InlineData("pgscan_anon -1\n")]
    [InlineData("pgscan_anon 18446744073709551616\n")]
    public void What_cannot_be_read_is_refused(string text) => Assert.False(VmStat.TryParse(Encoding.UTF8.GetBytes(text), out _));
}
