using MemSnoop.Paging;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>Areas are written as start+length, with a colon and an inode for those of files.</summary>
public class AreaMovesTests
{
    [Theory]
    [InlineData("10+5 100+9", "10+5 200+9", "200<100")] // moved as it is
    [InlineData("10+5 100+9", "10+5 200+12", "200<100")] // moved because it had to grow
    [InlineData("10+5 100+9", "10+5 200+8", "")] // shrunk: mremap leaves the area where it is then
    [InlineData("10+5 100+9", "10+5 100+20", "")] // grown in place: the addresses are the same
    [InlineData("10+5", "10+5 200+5", "")] // only new
    [InlineData("10+5 200+5", "10+5", "")] // only gone
    [InlineData("100+9:7", "200+9:8", "")] // of another file
    [InlineData("100+9:7", "200+9", "")]
    [InlineData("100+9:7", "200+9:7", "200<100")]
    [InlineData("100+9 150+20", "300+9 400+20", "300<100 400<150")]
    [InlineData("100+9 150+20", "300+9 400+25", "300<100 400<150")] // exact first, then the one that is left
    [InlineData("100+9 150+9", "300+9", "")] // which of the two cannot be known
    [InlineData("100+9", "300+9 400+9", "")]
    [InlineData("100+9 150+12", "300+20", "")]
    [InlineData("100+9", "95+10", "")] // overlaps: the addresses they share are the same pages
    public void A_move_is_what_leaves_no_doubt(string before, string after, string expected)
    {
        Dictionary<ulong, ulong> moves = new() { [1] = 2 };
        AreaMoves.Find(Parse(before), Parse(after), moves);
        Assert.Equal(expected, string.Join(' ', moves.OrderBy(static move => move.Key).Select(static move => $"{move.Key}<{move.Value}")));
    }

    [Fact]
    public void The_time_grows_with_the_number_of_areas_that_change_and_not_with_its_square()
    {
        TimeSpan few = ProcessorTime(20_000);
        TimeSpan many = ProcessorTime(200_000);
        TestContext.Current.TestOutputHelper?.WriteLine($"20 times 20,000 areas: {few.TotalMilliseconds:F1} ms, 200,000: {many.TotalMilliseconds:F1} ms");

        // Ten times as many; they sort, and leave the processor's caches. The square would be a hundred.
        Assert.InRange(many / few, 0, 60);
    }

    /// <summary>Processor time and not the clock's, for which a busy machine is to blame.</summary>
    private static TimeSpan ProcessorTime(int areas)
    {
        MemoryArea[] before = [.. Enumerable.Range(0, areas).Select(static i => new MemoryArea((ulong)i * 100, ((ulong)i * 100) + 10, 0, 0))];
        MemoryArea[] after = [.. before.Select(static area => area with { Start = area.Start + 50, End = area.End + 50 })];
        Dictionary<ulong, ulong> moves = [];
        AreaMoves.Find(before, after, moves);
        TimeSpan start = Environment.CpuUsage.TotalTime;
        for (int round = 0; round < 20; round++)
        {
            AreaMoves.Find(before, after, moves);
        }

        TimeSpan time = Environment.CpuUsage.TotalTime - start;
        Assert.Empty(moves);
        return time;
    }

    private static MemoryArea[] Parse(string areas) => [.. areas.Split(' ').Select(static text =>
    {
        ulong[] numbers = [.. text.Split('+', ':').Select(ulong.Parse)];
        return new MemoryArea(numbers[0], numbers[0] + numbers[1], 0, numbers.Length > 2 ? numbers[2] : 0);
    })];
}
