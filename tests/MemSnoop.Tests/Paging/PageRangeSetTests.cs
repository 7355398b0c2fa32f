using FsCheck;
using FsCheck.Fluent;
using MemSnoop.Paging;
using MemSnoop.Tests.Tracing;

namespace MemSnoop.Tests.Paging;

public class PageRangeSetTests
{
    [Fact]
    public void Runs_that_touch_become_one_range()
    {
        PageRangeSet.Builder builder = new();
        builder.Add(10, 2);
        builder.Add(12, 3);
        builder.Add(15, 0);
        builder.Add(20, 1);
        PageRangeSet set = builder.Build();
        Assert.Equal([new PageRange(10, 5), new PageRange(20, 1)], set.Ranges.ToArray());
        Assert.Equal(6UL, set.Count);
        Assert.Equal("a+5 14+1", set.ToString());
    }

    [Fact]
    public void A_set_keeps_its_ranges_while_its_builder_goes_on()
    {
        PageRangeSet.Builder builder = new(1);
        builder.Add(1, 1);
        PageRangeSet first = builder.Build();
        builder.Clear();
        builder.Add(7, 9);
        Assert.Equal([new PageRange(1, 1)], first.Ranges.ToArray());
        Assert.Equal([new PageRange(7, 9)], builder.Build().Ranges.ToArray());
    }

    [Fact]
    public void Pages_before_those_added_and_beyond_all_numbers_are_refused()
    {
        PageRangeSet.Builder builder = new();
        builder.Add(10, 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.Add(11, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.Add(ulong.MaxValue, 2));
        Assert.Equal(2UL, builder.Build().Count);
    }

    [Fact]
    public void Sets_do_what_sets_of_numbers_do() => Prop.ForAll<uint, uint>(static (left, right) =>
    {
        PageRangeSet a = Traces.Pages(left);
        PageRangeSet b = Traces.Pages(right);
        bool isSame = a.Union(b).Equals(Traces.Pages(left | right))
            && a.Intersect(b).Equals(Traces.Pages(left & right))
            && a.Except(b).Equals(Traces.Pages(left & ~right))
            && a.SymmetricExcept(b).Equals(Traces.Pages(left ^ right));
        bool contains = Enumerable.Range(0, 34).All(bit => a.Contains(999UL + (ulong)bit) == (bit is >= 1 and <= 32 && (left >> (bit - 1) & 1) != 0));
        return isSame && contains && a.Count == (ulong)uint.PopCount(left);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000).WithArbitrary([typeof(Masks)]));

    [Fact]
    public void Ranges_up_to_the_last_page_number_are_kept()
    {
        PageRangeSet.Builder builder = new();
        builder.Add(ulong.MaxValue - 3, 3);
        PageRangeSet last = builder.Build();
        Assert.Equal(last, last.Union(PageRangeSet.Empty));
        Assert.Equal(PageRangeSet.Empty, last.Except(last));
        Assert.True(last.Contains(ulong.MaxValue - 1));
    }
}
