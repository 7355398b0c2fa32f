using MemSnoop.Counters.Papi;

namespace MemSnoop.Tests.Counters.Papi;

public sealed class PapiVersionTests
{
    [Theory]
    [InlineData(0x06000001, true, "6.0.0.1")]
    [InlineData(0x07000000, true, "7.0.0.0")]
    [InlineData(0x07010000, true, "7.1.0.0")]
    [InlineData(0x07020000, true, "7.2.0.0")]
    [InlineData(0x05070000, false, "5.7.0.0")]
    [InlineData(0x07030000, false, "7.3.0.0")]
    [InlineData(0x08000000, false, "8.0.0.0")]
    [InlineData(-1, false, "255.255.255.255")]
    public void A_version_whose_structures_nobody_has_looked_at_is_not_known(int number, bool isKnown, string text)
    {
        PapiVersion version = new(number);

        Assert.Equal(isKnown, version.IsKnown);
        Assert.Equal(text, version.ToString());
    }
}
