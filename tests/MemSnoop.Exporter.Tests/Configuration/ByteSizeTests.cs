using MemSnoop.Metrics.Configuration;
using FsCheck;
using FsCheck.Fluent;
using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Tests.Configuration;

public class ByteSizeTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("4096", 4096)]
    [InlineData("12B", 12)]
    [InlineData("10MiB", 10L << 20)]
    [InlineData("10mib", 10L << 20)]
    [InlineData("4GiB", 4L << 30)]
    [InlineData("4 GiB", 4L << 30)]
    [InlineData("512Mi", 512L << 20)]
    [InlineData("1.5GB", 1_500_000_000)]
    [InlineData("0.1TB", 100_000_000_000)]
    [InlineData("1kB", 1000)]
    [InlineData("0.5KiB", 512)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void Reads_bytes_and_units(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out ByteSize value));
        Assert.Equal(bytes, value.Bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MiB")]
    [InlineData("10M")]
    [InlineData("10XB")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1e3")]
    [InlineData("1,5GB")]
    [InlineData("0.5")]
    [InlineData("0.0001kB")]
    [InlineData("9223372036854775808")]
    [InlineData("9000000TiB")]
    [InlineData("99999999999999999999999999999999999TiB")]
    public void Refuses_what_is_ambiguous_or_no_amount(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Fact]
    public void Is_read_as_it_was_written() => Prop.ForAll(
        ArbMap.Default.GeneratorFor<long>().Select(number => number & long.MaxValue)
            .Or(Gen.Choose(0, 40).SelectMany(shift => Gen.Choose(0, 5000).Select(count => (long)count << shift))).ToArbitrary(),
        bytes => ByteSize.TryParse(new ByteSize(bytes).ToString(), out ByteSize value) && value.Bytes == bytes).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1023, "1023")]
    [InlineData(10L << 20, "10MiB")]
    [InlineData(1536L << 20, "1536MiB")]
    public void Is_written_in_whole_units(long bytes, string text) => Assert.Equal(text, new ByteSize(bytes).ToString());
}
