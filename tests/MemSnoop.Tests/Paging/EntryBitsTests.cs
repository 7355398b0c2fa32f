using MemSnoop.Paging;

namespace MemSnoop.Tests.Paging;

/// <summary>Bit numbers as in Documentation/admin-guide/mm/pagemap.rst, each flag by itself.</summary>
public class EntryBitsTests
{
    [Theory]
    [InlineData(63, nameof(PagemapEntry.IsPresent))]
    [InlineData(62, nameof(PagemapEntry.IsSwapped))]
    [InlineData(61, nameof(PagemapEntry.IsFileOrShared))]
    [InlineData(56, nameof(PagemapEntry.IsExclusive))]
    public void Pagemap(int bit, string property) => OnlyThis(property, new PagemapEntry(1UL << bit));

    [Theory]
    [InlineData(5, nameof(PageFlags.IsOnLru))]
    [InlineData(12, nameof(PageFlags.IsAnon))]
    [InlineData(14, nameof(PageFlags.IsSwapBacked))]
    [InlineData(15, nameof(PageFlags.IsCompoundHead))]
    [InlineData(16, nameof(PageFlags.IsCompoundTail))]
    [InlineData(17, nameof(PageFlags.IsHugetlb))]
    [InlineData(24, nameof(PageFlags.IsZeroPage))]
    public void Kpageflags(int bit, string property) => OnlyThis(property, new PageFlags(1UL << bit));

    [Fact]
    public void The_frame_number_has_55_bits() => Assert.Equal((1UL << 55) - 1, new PagemapEntry(ulong.MaxValue).FrameNumber);

    private static void OnlyThis<T>(string property, T value) =>
        Assert.Equal([property], typeof(T).GetProperties().Where(candidate => candidate.PropertyType == typeof(bool) && (bool)candidate.GetValue(value)!).Select(static candidate => candidate.Name));
}
