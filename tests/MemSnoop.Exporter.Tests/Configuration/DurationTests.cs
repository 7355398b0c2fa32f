using MemSnoop.Metrics.Configuration;
using FsCheck;
using FsCheck.Fluent;
using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Tests.Configuration;

public class DurationTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("0s", 0)]
    [InlineData("100ms", 100)]
    [InlineData("15s", 15_000)]
    [InlineData("1m", 60_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("90m", 5_400_000)]
    [InlineData("1d", 86_400_000)]
    [InlineData("1w2d", 9 * 86_400_000L)]
    [InlineData("1y", 365 * 86_400_000L)]
    [InlineData("1s500ms", 1_500)]
    public void Reads_the_syntax_of_Prometheus(string text, long milliseconds)
    {
        Assert.True(Duration.TryParse(text, out Duration value));
        Assert.Equal(milliseconds, value.Milliseconds);
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), value.Value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("00")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("+5s")]
    [InlineData("1.5s")]
    [InlineData("5 s")]
    [InlineData(" 5s")]
    [InlineData("5S")]
    [InlineData("5sec")]
    [InlineData("30m1h")]
    [InlineData("1s1s")]
    [InlineData("5s3")]
    [InlineData("1001y")]
    [InlineData("99999999999999999999s")]
    [InlineData("9223372036854775807y")]
    [InlineData("٣s")]
    public void Refuses_everything_else(string text) => Assert.False(Duration.TryParse(text, out _));

    [Fact]
    public void Is_read_as_it_was_written() => Prop.ForAll(
        ArbMap.Default.GeneratorFor<long>().Select(number => (number & long.MaxValue) % Duration.MaxValue.Milliseconds).ToArbitrary(),
        milliseconds => Duration.TryParse(new Duration(milliseconds).ToString(), out Duration value)
            && value.Milliseconds == milliseconds).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(60_000, "1m")]
    [InlineData(90_061_001, "1d1h1m1s1ms")]
    public void Is_written_with_the_largest_units(long milliseconds, string text) => Assert.Equal(text, new Duration(milliseconds).ToString());
}
