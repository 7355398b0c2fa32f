using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>Pages without an idle state are counted by themselves and never as used, although all of them are touched.</summary>
public sealed class ApartTests(GeneralBoot boot) : IClassFixture<GeneralBoot>
{
    private const int OwnPages = 128;

    [Fact]
    public void Hugetlb_pages_are_counted_apart()
    {
        JsonElement pass = boot["apart"].Last("hugetlb-floor.json");
        Assert.Equal(20 * 256, pass.GetProperty("hugetlb_frames").GetInt32());
        Assert.InRange(pass.GetProperty("active_frames").GetInt32(), 1, OwnPages);
    }

    [Theory]
    [InlineData("zero", 1)]
    [InlineData("hugezero", 512)]
    public void The_zero_page_is_nobodys(string kind, int frames)
    {
        JsonElement pass = boot["apart"].Last($"{kind}-floor.json");
        Assert.Equal(frames, pass.GetProperty("zero_frames").GetInt32());
        Assert.InRange(pass.GetProperty("processes")[0].GetProperty("pages").GetInt32(), 20 * 256, (20 * 256) + 1000);
        Assert.InRange(pass.GetProperty("processes")[0].GetProperty("active_pages").GetInt32(), 1, OwnPages);
    }
}
