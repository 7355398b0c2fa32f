using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class LruGenTests
{
    [Theory]
    [InlineData("lru_gen-6.12", 5ul)]
    [InlineData("lru_gen-7.2", 18446744073709551615ul)]
    public void The_last_generations_are_those_of_the_group_at_its_limit(string file, ulong group)
    {
        (ulong Group, string Path, int Node, ulong Generation, ulong Age, ulong Anon, ulong File)[] lines = Read(Text(file));

        Assert.Equal((group, "/kubepods.slice/c d", 0, 5ul, 1192ul, 5001ul, 0ul), lines[^7]);
        Assert.Equal((group, "/kubepods.slice/c d", 0, 7ul, 368ul, 5189ul, 0ul), lines[^5]);
        Assert.Equal((group, "/kubepods.slice/c d", 1, 3ul, 2172ul, 0ul, 0ul), lines[^1]);
        Assert.Equal((lines[0].Group, "/", 0, 0ul, 4100ul, 0ul, 0ul), lines[0]);
        Assert.Equal((lines[1].Group, "/", 0, 1ul, 4100ul, 0ul, 1ul), lines[1]);
    }

    [Fact]
    public void Of_the_long_form_tiers_and_page_tables_are_left_out()
    {
        var lines = Read(Text("lru_gen_full-6.12"));

        // It lists four generations even where the oldest is gone.
        Assert.All(lines.GroupBy(static line => (line.Path, line.Node)), static node => Assert.Equal(4, node.Count()));
        Assert.Equal(22728ul, lines[2].Anon);
        Assert.Equal((4ul, 0ul), (lines[^8].Generation, lines[^8].Anon));
    }

    [Fact]
    public void Without_control_groups_the_path_is_empty()
    {
        var line = Assert.Single(Read("memcg     0 \n node     0\n          3       9492      51224           7 \n"u8));
        Assert.Equal((0ul, "", 0, 3ul, 9492ul, 51224ul, 7ul), line);
    }

    [Theory]
    [InlineData("")]
    [InlineData("3 9492 51224 0\n")]
    [InlineData(" node 0\n 3 9492 51224 0\n")]
    [InlineData("memcg x /\n node 0\n 3 9492 51224 0\n")]
    [InlineData("memcg 18446744073709551616 /\n node 0\n 3 9492 51224 0\n")]
    [InlineData("group 1 /\n node 0\n 3 9492 51224 0\n")]
    public void A_form_never_seen_has_no_groups(string text)
    {
        LruGen line = new(Encoding.UTF8.GetBytes(text));
        Assert.False(line.MoveNext());
        Assert.False(line.HasGroups);
    }

    [Theory]
    [InlineData("memcg 1 /\n 3 9492 51224 0\n")]
    [InlineData("memcg 1 /\n node x\n 3 9492 51224 0\n")]
    [InlineData("memcg 1 /\n node 0\n memcg\n")]
    [InlineData("memcg 1 /\n node 0\nmemcg y /b\n 3 9492 51224 0\n")]
    [InlineData("memcg 1 /\n node 0\n 3 9492 51224\n")]
    [InlineData("memcg 1 /\n node 0\n 3 9492 51224 0 7\n")]
    [InlineData("memcg 1 /\n node 0\n 3 9492 51224 18446744073709551616\n")]
    [InlineData("memcg 1 /\n node 0\n 3 9492 51224 0")]
    public void A_generation_that_cannot_be_read_or_belongs_nowhere_is_left_out(string text)
    {
        LruGen line = new(Encoding.UTF8.GetBytes(text));
        Assert.False(line.MoveNext());
        Assert.True(line.HasGroups);
    }

    private static byte[] Text(string file) => File.ReadAllBytes(Path.Combine(Fixture.ReclaimRoot, file));

    private static (ulong Group, string Path, int Node, ulong Generation, ulong Age, ulong Anon, ulong File)[] Read(ReadOnlySpan<byte> text)
    {
        List<(ulong, string, int, ulong, ulong, ulong, ulong)> lines = [];
        LruGen line = new(text);
        while (line.MoveNext())
        {
            lines.Add((line.Group, Encoding.UTF8.GetString(text.Slice(line.PathStart, line.PathLength)), line.Node, line.Generation, line.AgeMilliseconds, line.Anon, line.File));
        }

        return [.. lines];
    }
}
