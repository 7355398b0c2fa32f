using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>The yardstick gives the right answer: 40 MB touched of 200 MB, whatever the page size.</summary>
public sealed class FloorTests(GeneralBoot boot) : IClassFixture<GeneralBoot>
{
    private const int HotPages = 40 * 256;

    // The program's own code, stack and libraries, and what a processor's queue holds back.
    private const int OwnPages = 128;

    [Theory]
    [InlineData("small")]
    [InlineData("huge")]
    [InlineData("holes")]
    [InlineData("folios64k")]
    public void It_counts_what_was_touched(string pages)
    {
        // The first pass only marks.
        foreach (JsonElement pass in boot["floor"].Lines($"{pages}-floor.json").Skip(1))
        {
            JsonElement process = Assert.Single(pass.GetProperty("processes").EnumerateArray());
            int unknown = pass.GetProperty("unreadable_frames").GetInt32() + pass.GetProperty("off_lru_frames").GetInt32();

            Assert.False(process.GetProperty("gone").GetBoolean());
            Assert.InRange(process.GetProperty("active_pages").GetInt32(), HotPages - unknown, HotPages + OwnPages);
        }
    }

    [Theory]
    [InlineData("huge", 200 << 20)]
    [InlineData("holes", 40 << 20)]
    public void The_workload_really_had_huge_pages(string pages, int bytes) =>
        Assert.Equal(bytes, boot["floor"].Last($"{pages}.json").GetProperty("anon_huge_bytes").GetInt32());

    [Fact]
    public void The_kernel_names_present_ranges() =>
        Assert.True(boot["floor"].Last("small-floor.json").GetProperty("pagemap_scan").GetBoolean());

    [Theory]
    [InlineData("no-scan")]
    [InlineData("mark-frames")]
    [InlineData("mark-words")]
    public void The_other_ways_give_the_same_answer(string way)
    {
        JsonElement process = boot["floor"].Last($"small-{way}.json").GetProperty("processes")[0];
        Assert.InRange(process.GetProperty("active_pages").GetInt32(), HotPages - 64, HotPages + OwnPages);
    }

    [Fact]
    public void Frames_of_a_last_partial_word_cannot_be_read()
    {
        ulong frames = (Convert.ToUInt64(boot["floor"].Text("last-byte.txt"), 16) + 1) / 4096;
        Assert.NotEqual(0UL, frames % 64);
        Assert.Equal("0", boot["floor"].Text("last-word-bytes.txt"));
    }
}
