using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>The truth that the workloads tell is what the yardstick finds: file, shared memory, and memory that several processes map.</summary>
public abstract class PageKindTests(LabBoot boot)
{
    private const int PagesOfMb = 256;

    // A program's own code, stack and libraries, fewer the pages that a processor's queue or the bitmap's last word hides.
    private const int OwnPages = 160;
    private const int HiddenPages = 64;

    private ScenarioResult Kinds => boot["kinds"];

    [Fact]
    public void Each_process_uses_what_it_says()
    {
        IReadOnlyList<JsonElement> members = [.. Kinds.Last("group.json").GetProperty("members").EnumerateArray()];
        int[] hotMb = [20, 20, .. members.Select(member => (int)(member.GetProperty("hot_bytes").GetInt64() >> 20))];
        Assert.Equal([20, 20, 15, 20, 25], hotMb);

        foreach (JsonElement pass in Kinds.Lines("kinds-floor.json").Skip(1))
        {
            int[] active = [.. pass.GetProperty("processes").EnumerateArray().Select(process => process.GetProperty("active_pages").GetInt32())];
            Assert.Equal(hotMb.Length, active.Length);
            Assert.All(active.Zip(hotMb), pair => AssertPages(pair.Second, pair.First));
        }
    }

    [Fact]
    public void A_shared_page_counts_once_for_all()
    {
        JsonElement group = Kinds.Last("group.json");
        Assert.Equal(40L << 20, group.GetProperty("union_hot_bytes").GetInt64());
        AssertPages(40, Kinds.Last("group-floor.json").GetProperty("active_frames").GetInt32());
    }

    [Theory]
    [InlineData("more-floor.json", 60)]
    [InlineData("idle-floor.json", 0)]
    public void A_change_shows_in_the_next_pass(string file, int hotMb) =>
        AssertPages(hotMb, Kinds.Lines(file)[1].GetProperty("active_frames").GetInt32());

    private static void AssertPages(int hotMb, int active) => Assert.InRange(active, Math.Max(0, (hotMb * PagesOfMb) - HiddenPages), (hotMb * PagesOfMb) + OwnPages);

    protected int TailFrames => Kinds.Last("kinds-floor.json").GetProperty("tail_frames").GetInt32();
}

public sealed class Ext4PageKindTests(GeneralBoot boot) : PageKindTests(boot), IClassFixture<GeneralBoot>;

public sealed class XfsPageKindTests(XfsBoot boot) : PageKindTests(boot), IClassFixture<XfsBoot>
{
    [Fact]
    public void The_page_cache_has_large_folios() => Assert.NotEqual(0, TailFrames);
}
