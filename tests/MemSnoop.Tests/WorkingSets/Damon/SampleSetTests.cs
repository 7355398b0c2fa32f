using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.Damon;

namespace MemSnoop.Tests.WorkingSets.Damon;

/// <summary>Samples stay samples, and know when they were used.</summary>
public sealed class SampleSetTests
{
    private static readonly IdleAges Ages = new([TimeSpan.Zero, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(20)]);

    [Theory]
    [InlineData(100, 0, 0, 1000)]
    [InlineData(1_000_000, 500, 0, 1000)]
    [InlineData(1_000_000, 2_000_000, 70_000, 1000)]
    [InlineData(3, 2_000_000_000, 0, 16)]
    public void The_budget_is_kept_and_small_kinds_are_looked_at_as_a_whole(ulong anon, ulong file, ulong shmem, long budget)
    {
        PerKind pages = new() { Anon = anon, File = file, Shmem = shmem };
        SampleRate rate = new SampleRate().For(pages, budget);
        double expected = 0;
        foreach (PageKind kind in Enum.GetValues<PageKind>())
        {
            double share = (double)rate[kind] / SampleRate.All;
            expected += pages[kind] * share;
            Assert.True(pages[kind] > (ulong)(budget / 8) || share == 1, $"{kind}: {share}");
        }


        // A part of a page more, for each kind.
        Assert.InRange(expected, 0, budget + 3);
    }

    [Fact]
    public void What_is_chosen_at_a_low_rate_is_chosen_at_a_higher_one()
    {
        for (ulong page = 0x55550000; page < 0x55560000; page++)
        {
            Assert.True(!SampleRate.Takes(SampleRate.All / 256, page) || SampleRate.Takes(SampleRate.All / 16, page));
            Assert.True(SampleRate.Takes(SampleRate.All, page));
        }
    }

    [Fact]
    public void A_page_is_used_in_the_window_in_which_its_count_grew()
    {
        SampleSet set = Make(1, 2, 3);
        set.Inherit(new SampleSet(), null, Seconds(0));
        set.Note(0, 0, Seconds(10));
        set.Note(1, 4, Seconds(10));
        set.Note(2, 0, Seconds(10));
        Assert.Equal((1, 3), set.CountUsed(PageKind.Anon, Seconds(0)));
        set.Note(0, 0, Seconds(20));
        set.Note(1, 4, Seconds(20));
        set.Note(2, 1, Seconds(20));
        Assert.Equal((1, 3), set.CountUsed(PageKind.Anon, Seconds(10)));
        Assert.Equal((2, 3), set.CountUsed(PageKind.Anon, Seconds(0)));
        Assert.Equal((2, 1), (set.CountIdle(PageKind.Anon, Seconds(20), 1, Ages), set.CountIdle(PageKind.Anon, Seconds(20), 2, Ages)));
    }

    [Fact]
    public void Counts_that_begin_anew_are_no_use()
    {
        SampleSet set = Make(1);
        set.Inherit(new SampleSet(), null, Seconds(0));
        set.Note(0, 9, Seconds(5));
        set.ForgetCounts();
        set.Note(0, 0, Seconds(10));
        Assert.Equal((0, 1), set.CountUsed(PageKind.Anon, Seconds(5)));
    }

    [Fact]
    public void A_page_that_has_come_was_used_and_one_that_was_not_chosen_before_has_no_past()
    {
        SampleSet before = Make(10);
        before.Inherit(new SampleSet(), null, Seconds(0));
        SampleSet after = Make(10, 11);
        after.Inherit(before, new SampleRate(), Seconds(10));
        Assert.Equal((1, 2), after.CountUsed(PageKind.Anon, Seconds(0)));

        // At a rate of nothing it would not have been seen if it had been there.
        SampleRate none = new SampleRate();
        for (int i = 0; i < 200; i++)
        {
            none = none.Lower(PageKind.Anon);
        }

        after = Make(10, 11);
        after.Inherit(before, none, Seconds(10));
        Assert.Equal((0, 1), after.CountUsed(PageKind.Anon, Seconds(0)));
        Assert.Equal((0, 2), after.CountUsed(PageKind.Anon, Seconds(10)));
    }

    [Fact]
    public void Areas_that_are_listed_again_do_not_count_twice()
    {
        SampleSet set = Make(1, 2, 2, 1, 3);
        Assert.Equal([1UL, 2, 3], set.Pages.ToArray());
    }

    private static SampleSet Make(params ulong[] pages)
    {
        SampleSet set = new();
        foreach (ulong page in pages)
        {
            set.Add(page, PageKind.Anon);
        }

        return set;
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
