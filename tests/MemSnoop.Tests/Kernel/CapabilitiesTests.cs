using System.Globalization;
using MemSnoop.Kernel;

namespace MemSnoop.Tests.Kernel;

public class CapabilitiesTests
{
    [Theory]
    [InlineData(0ul, false, false)]
    [InlineData(1ul << 21, true, false)]
    [InlineData(1ul << 19, false, true)]
    [InlineData(0x1ff_ffff_fffful, true, true)]
    [InlineData(~((1ul << 21) | (1ul << 19)), false, false)]
    public void Bits_have_their_kernel_numbers(ulong mask, bool hasSystemAdmin, bool hasPtrace)
    {
        Capabilities capabilities = new(mask);

        Assert.Equal((hasSystemAdmin, hasPtrace), (capabilities.HasSystemAdmin, capabilities.HasPtrace));
    }

    [Fact]
    public void Those_of_this_process_are_the_effective_ones()
    {
        string line = File.ReadLines("/proc/self/status").Single(static line => line.StartsWith("CapEff:", StringComparison.Ordinal));

        Assert.Equal(ulong.Parse(line["CapEff:\t".Length..], NumberStyles.HexNumber, CultureInfo.InvariantCulture), Capabilities.OfThisProcess().Mask);
    }

    [Theory]
    [InlineData(1, 3, 2ul)]
    [InlineData(250, 1000, 0ul)]
    public void Ticks_and_pages_become_seconds_and_bytes(ulong ticksPerSecond, ulong ticks, ulong pages)
    {
        KernelUnits units = new(ticksPerSecond, 65_536);

        Assert.Equal((double)ticks / ticksPerSecond, units.Seconds(ticks));
        Assert.Equal(pages * 65_536, units.Bytes(pages));
    }

    [Fact]
    public void Units_are_those_of_this_machine() => Assert.Equal(new KernelUnits(100, (ulong)Environment.SystemPageSize), KernelUnits.Current);
}
