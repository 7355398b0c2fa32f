using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class OomScoreTests
{
    [Theory]
    [InlineData("0\n", 0u)]
    [InlineData("668\n", 668u)]
    [InlineData("1333\n", 1333u)]
    public void A_score_is_read(string text, uint expected)
    {
        Assert.True(OomScore.TryParse(Encoding.UTF8.GetBytes(text), out OomScore value));
        Assert.Equal(expected, value.Points);
    }

    [Theory]
    [InlineData("0\n", 0)]
    [InlineData("-1000\n", -1000)]
    [InlineData("-998\n", -998)]
    [InlineData("1000\n", 1000)]
    public void An_adjustment_is_read(string text, int expected)
    {
        Assert.True(OomScoreAdjustment.TryParse(Encoding.UTF8.GetBytes(text), out OomScoreAdjustment value));
        Assert.Equal(expected, value.Points);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("668")]
    [InlineData("-1\n")]
    [InlineData("6.5\n")]
    [InlineData("668 1\n")]
    [InlineData("668\n\n")]
    [InlineData("x668\n")]
    [InlineData("668x\n")]
    [InlineData("668\0\n")]
    [InlineData("4294967296\n")]
    [InlineData("18446744073709551616\n")]
    public void What_is_no_score_is_refused(string text)
    {
        Assert.False(OomScore.TryParse(Encoding.UTF8.GetBytes(text), out OomScore value));
        Assert.Equal(default, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("-99")]
    [InlineData("-\n")]
    [InlineData("--1\n")]
    [InlineData("1001\n")]
    [InlineData("-1001\n")]
    [InlineData("0 0\n")]
    [InlineData("0x10\n")]
    [InlineData("2147483648\n")]
    [InlineData("9223372036854775808\n")]
    public void What_is_no_adjustment_is_refused(string text)
    {
        Assert.False(OomScoreAdjustment.TryParse(Encoding.UTF8.GetBytes(text), out OomScoreAdjustment value));
        Assert.Equal(default, value);
    }

    [Fact]
    public void This_process_has_both()
    {
        Assert.True(OomScore.TryParse(File.ReadAllBytes("/proc/self/oom_score"), out _));
        Assert.True(OomScoreAdjustment.TryParse(File.ReadAllBytes("/proc/self/oom_score_adj"), out _));
    }
}
