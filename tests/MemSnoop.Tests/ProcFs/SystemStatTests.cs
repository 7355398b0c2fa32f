using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class SystemStatTests
{
    [Fact]
    public void The_boot_time_is_found_among_the_counters()
    {
        Assert.True(SystemStat.TryParse(Fixture.Read("stat"), out SystemStat stat));

        Assert.Equal(1795370073ul, stat.BootTimeSeconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("cpu 1 2 3\n")]
    [InlineData("cpu 1\nbtime 17953")]
    [InlineData("xbtime 5\n")]
    [InlineData("btime 18446744073709551616\n")]
    public void Without_a_boot_time_it_is_refused(string text) => Assert.False(SystemStat.TryParse(Encoding.UTF8.GetBytes(text), out _));
}
