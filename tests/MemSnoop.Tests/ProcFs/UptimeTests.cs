using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class UptimeTests
{
    [Fact]
    public void Both_numbers_are_read()
    {
        Assert.True(Uptime.TryParse("5080.91 10022.05\n"u8, out Uptime uptime));

        Assert.Equal(new Uptime(5080.91, 10022.05), uptime);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5080.91")]
    [InlineData("5080.91 10022.5")]
    [InlineData("5080,91 10022,58")]
    [InlineData("5080. 91 10022.58")]
    [InlineData("18446744073709551616.00 1.00")]
    public void What_is_no_uptime_is_refused(string text) => Assert.False(Uptime.TryParse(Encoding.UTF8.GetBytes(text), out _));
}
