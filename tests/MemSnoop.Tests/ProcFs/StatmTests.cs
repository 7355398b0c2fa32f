using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class StatmTests
{
    [Fact]
    public void Every_field_is_read()
    {
        Assert.True(Statm.TryParse("4260 2911 1434 691 0 1995 0\n"u8, out Statm statm));

        Assert.Equal(new Statm(4260, 2911, 1434, 691, 1995), statm);
    }

    [Theory]
    [InlineData("26240")]
    [InlineData("43")]
    public void The_dead_and_the_kernel_hold_nothing(string pid)
    {
        Assert.True(Statm.TryParse(Fixture.Read($"{pid}/statm"), out Statm statm));

        Assert.Equal(default, statm);
    }

    [Theory]
    [InlineData("")]
    [InlineData("765 440 411 5 0\n")]
    [InlineData("765 440 411 5 0 12")]
    [InlineData("765 -1 411 5 0 123 0\n")]
    [InlineData("18446744073709551616 440 411 5 0 123 0\n")]
    public void What_is_no_statm_line_is_refused(string text) => Assert.False(Statm.TryParse(Encoding.UTF8.GetBytes(text), out _));
}
