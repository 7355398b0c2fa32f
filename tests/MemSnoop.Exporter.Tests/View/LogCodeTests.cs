using MemSnoop.Exporter.View.History;

namespace MemSnoop.Exporter.Tests.View;

public sealed class LogCodeTests
{
    [Fact]
    public void Numbers_come_back_with_the_error_that_is_promised()
    {
        for (double exponent = 0; exponent <= 52; exponent += 0.0007)
        {
            ulong value = (ulong)double.Exp2(exponent);
            ulong back = LogCode.Decode(LogCode.Encode(value))!.Value;

            // And it is the nearest whole number.
            Assert.True(Math.Abs((double)back - value) <= (value * LogCode.MaxError) + 0.5, $"{value} reads as {back}");
        }
    }

    [Fact]
    public void Nothing_and_zero_stand_apart_and_the_largest_stays_the_largest()
    {
        Assert.Null(LogCode.Decode(LogCode.Unknown));
        Assert.Equal(0UL, LogCode.Decode(LogCode.Encode(0)));
        Assert.Equal(1UL, LogCode.Decode(LogCode.Encode(1)));
        Assert.Equal(1UL << 52, LogCode.Decode(LogCode.Encode(ulong.MaxValue)));
        Assert.NotEqual(LogCode.Unknown, LogCode.Encode(0));
    }

    [Fact]
    public void Larger_numbers_have_larger_codes()
    {
        ushort before = LogCode.Encode(0);
        for (ulong value = 1; value < 1UL << 51; value += 1 + (value / 3000))
        {
            ushort code = LogCode.Encode(value);
            Assert.True(code >= before, $"{value}");
            before = code;
        }
    }
}
