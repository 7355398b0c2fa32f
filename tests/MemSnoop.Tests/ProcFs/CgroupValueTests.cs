using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class CgroupValueTests
{
    [Theory]
    [InlineData("0\n", 0ul)]
    [InlineData("18446744073709551615\n", ulong.MaxValue)]
    [InlineData("max\n", null)]
    public void A_number_or_none_is_read(string text, ulong? number)
    {
        Assert.True(CgroupValue.TryParse(Encoding.ASCII.GetBytes(text), out CgroupValue value));
        Assert.Equal(number, value.Number);
    }

    [Theory]
    [InlineData("")]
    [InlineData("max")]
    [InlineData("12")]
    [InlineData("-1\n")]
    [InlineData("12\n13\n")]
    [InlineData("12 bytes\n")]
    [InlineData("maximum\n")]
    [InlineData("18446744073709551616\n")]
    public void Anything_else_is_refused(string text) => Assert.False(CgroupValue.TryParse(Encoding.ASCII.GetBytes(text), out _));
}
