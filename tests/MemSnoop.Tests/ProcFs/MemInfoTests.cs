using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public sealed class MemInfoTests
{
    private const string Text =
        "MemTotal:       24683984 kB\nMemFree:        17447704 kB\nMemAvailable:   22020888 kB\nBuffers:          306336 kB\nCached:          4342512 kB\nSwapCached:            1 kB\n"
        + "Active:          1932312 kB\nAnonPages:       1245648 kB\nMapped:           482508 kB\nHugePages_Total:       0\nHugepagesize:       2048 kB\n";

    [Fact]
    public void The_amounts_are_read()
    {
        Assert.True(MemInfo.TryParse(Encoding.ASCII.GetBytes(Text), out MemInfo value));
        Assert.Equal(
            new MemInfo { TotalKib = 24683984, FreeKib = 17447704, BuffersKib = 306336, CachedKib = 4342512, SwapCachedKib = 1, AnonKib = 1245648, MappedKib = 482508 }, value);
    }

    [Fact]
    public void This_kernel_has_them_all()
    {
        Assert.True(MemInfo.TryParse(File.ReadAllBytes("/proc/meminfo"), out MemInfo value));
        Assert.InRange(value.FreeKib, 1UL, value.TotalKib);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MemTotal: 1 kB\n")]
    [InlineData("MemTotal: 1 kB")]
    public void What_is_missing_or_cut_short_is_nothing(string text) => Assert.False(MemInfo.TryParse(Encoding.ASCII.GetBytes(text), out _));

    [Theory]
    [InlineData("24683984 kB\nMemFree", "x kB\nMemFree")]
    [InlineData("24683984 kB\nMemFree", "24683984 MB\nMemFree")]
    [InlineData("24683984 kB\nMemFree", "99999999999999999999 kB\nMemFree")]
    [InlineData("24683984 kB\nMemFree", "18446744073709551615 kB\nMemFree")]
    [InlineData("Mapped:           482508 kB", "Mapped:           482508")]
    public void What_is_no_amount_is_nothing(string right, string wrong) =>
        Assert.False(MemInfo.TryParse(Encoding.ASCII.GetBytes(Text.Replace(right, wrong, StringComparison.Ordinal)), out _));
}
