using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class SchedStatTests
{
    [Fact]
    public void Every_field_is_read()
    {
        Assert.True(SchedStat.TryParse("38497 991589 12\n"u8, out SchedStat value));
        Assert.Equal(new SchedStat(38497, 991589, 12), value);
        Assert.True(value.IsCounted);
    }

    [Fact]
    public void Zeros_mean_that_the_kernel_does_not_count()
    {
        Assert.True(SchedStat.TryParse("0 0 0\n"u8, out SchedStat value));
        Assert.False(value.IsCounted);
    }

    [Theory]
    [InlineData("")]
    [InlineData("38497 991589\n")]
    [InlineData("38497 991589 12")]
    [InlineData("38497 -1 12\n")]
    [InlineData("38497 18446744073709551616 12\n")]
    public void What_is_no_schedstat_line_is_refused(string text) => Assert.False(SchedStat.TryParse(Encoding.UTF8.GetBytes(text), out _));
}
