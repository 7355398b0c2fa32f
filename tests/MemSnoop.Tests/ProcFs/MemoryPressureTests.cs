using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class MemoryPressureTests
{
    [Fact]
    public void The_totals_of_both_lines_are_read()
    {
        Assert.True(MemoryPressure.TryParse(
            "some avg10=0.00 avg60=0.12 avg300=0.05 total=1213034\nfull avg10=0.00 avg60=0.10 avg300=0.04 total=1094512\n"u8, out MemoryPressure pressure));
        Assert.Equal(new MemoryPressure(1213034, 1094512), pressure);
    }

    [Theory]
    [InlineData("")]
    [InlineData("some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n")]
    [InlineData("some total=1\nfull total=\n")]
    [InlineData("some total=1\nfull avg10=0.00\n")]
    [InlineData("some total=1\nfull total=18446744073709551616\n")]
    [InlineData("full total=1\nsome total=1\n")]
    [InlineData("some total=1\nfull total=1 and more\n")]
    public void A_text_without_both_totals_is_refused(string text) => Assert.False(MemoryPressure.TryParse(Encoding.ASCII.GetBytes(text), out _));
}
