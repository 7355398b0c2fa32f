using FsCheck;
using FsCheck.Fluent;
using MemSnoop.Analysis;
using MemSnoop.Tests.Tracing;
using MemSnoop.Tracing;

namespace MemSnoop.Tests.Analysis;

public class ReuseDistanceTests
{
    private const uint A = 1;
    private const uint B = 2;
    private const uint C = 4;
    private const uint D = 8;

    [Fact]
    public void A_page_alone_has_distance_0()
    {
        ReuseDistance reuse = ReuseDistance.Of(Traces.Of(A, A, A));
        Assert.Equal(1UL, reuse.ColdMisses);
        Assert.Equal([new DistanceCount(0, 2)], reuse.Lower.Entries.ToArray());
        Assert.Equal([new DistanceCount(0, 2)], reuse.Upper.Entries.ToArray());
    }

    [Fact]
    public void Single_pages_one_after_the_other_leave_no_doubt()
    {
        // a b c a: two others between the accesses to a.
        ReuseDistance reuse = ReuseDistance.Of(Traces.Of(A, B, C, A));
        Assert.Equal(3UL, reuse.ColdMisses);
        Assert.Equal([new DistanceCount(2, 1)], reuse.Lower.Entries.ToArray());
        Assert.Equal([new DistanceCount(2, 1)], reuse.Upper.Entries.ToArray());
    }

    [Fact]
    public void Pages_that_share_windows_may_lie_between_or_not()
    {
        // {a b} {a b}: abba has distance 0 for b, baba distance 1 for both.
        ReuseDistance reuse = ReuseDistance.Of(Traces.Of(A | B, A | B));
        Assert.Equal(2UL, reuse.ColdMisses);
        Assert.Equal([new DistanceCount(0, 2)], reuse.Lower.Entries.ToArray());
        Assert.Equal([new DistanceCount(1, 2)], reuse.Upper.Entries.ToArray());
    }

    [Fact]
    public void Newcomers_count_in_the_upper_bound_only()
    {
        // {a b} {c} {a d}: c lies between for certain; b and d may.
        ReuseDistance reuse = ReuseDistance.Of(Traces.Of(A | B, C, A | D));
        Assert.Equal(4UL, reuse.ColdMisses);
        Assert.Equal([new DistanceCount(1, 1)], reuse.Lower.Entries.ToArray());
        Assert.Equal([new DistanceCount(3, 1)], reuse.Upper.Entries.ToArray());
    }

    [Fact]
    public void A_page_seen_on_both_sides_of_another_counts_once()
    {
        // {a} {b} {b c} {a b}: b and c between.
        ReuseDistance reuse = ReuseDistance.Of(Traces.Of(A, B, B | C, A | B));
        Assert.Equal(3UL, reuse.ColdMisses);
        Assert.Equal([new DistanceCount(0, 2), new DistanceCount(2, 1)], reuse.Lower.Entries.ToArray());
        Assert.Equal([new DistanceCount(1, 1), new DistanceCount(2, 2)], reuse.Upper.Entries.ToArray());
    }

    [Fact]
    public void Without_samples_or_pages_there_is_nothing()
    {
        foreach (PageTrace trace in new[] { Traces.Of(Array.Empty<PageSample>()), Traces.Of(0U, 0U) })
        {
            ReuseDistance reuse = ReuseDistance.Of(trace);
            Assert.Equal((0UL, 0UL), (reuse.ColdMisses, reuse.Reuses));
            Assert.Equal(0, reuse.Upper.FractionAtMost(100));
            Assert.Throws<InvalidOperationException>(() => reuse.Upper.Quantile(0.5));
        }
    }

    [Fact]
    public void The_bounds_are_those_of_brute_force() => Prop.ForAll<uint[]>(static masks =>
    {
        SortedDictionary<ulong, ulong> lower = [];
        SortedDictionary<ulong, ulong> upper = [];
        ulong cold = 0;
        for (int bit = 0; bit < 32; bit++)
        {
            int last = -1;
            for (int sample = 0; sample < masks.Length; sample++)
            {
                if ((masks[sample] >> bit & 1) == 0)
                {
                    continue;
                }

                if (last < 0)
                {
                    cold++;
                }
                else
                {
                    uint between = masks[(last + 1)..sample].Aggregate(0U, static (all, mask) => all | mask);
                    Count(lower, uint.PopCount(between));
                    Count(upper, uint.PopCount(between | masks[last] | masks[sample]) - 1);
                }

                last = sample;
            }
        }

        ReuseDistance reuse = ReuseDistance.Of(Traces.Of(masks));
        return reuse.ColdMisses == cold && IsSame(lower, reuse.Lower) && IsSame(upper, reuse.Upper);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000).WithArbitrary([typeof(Masks)]));

    [Fact]
    public void True_distances_lie_within_the_bounds() => Prop.ForAll<byte[], PositiveInt>(static (accesses, windows) =>
    {
        // A program that accesses page after page, cut into windows as a trace would be.
        int[][] windowed = [.. accesses.Select(static access => access % 12).Chunk(1 + (windows.Get % 9))];
        List<(int Page, int Window)> sequence = [.. windowed.SelectMany(static (pages, window) => pages.Select(page => (page, window)))];
        List<ulong> distances = [];
        for (int now = 0; now < sequence.Count; now++)
        {
            int before = sequence.FindLastIndex(Math.Max(now - 1, 0), now, access => access.Page == sequence[now].Page);
            if (before >= 0 && sequence[before].Window < sequence[now].Window)
            {
                distances.Add((ulong)sequence[(before + 1)..now].Select(static access => access.Page).Distinct().Count());
            }
        }

        ReuseDistance reuse = ReuseDistance.Of(Traces.Of([.. windowed.Select(static pages => pages.Aggregate(0U, static (mask, page) => mask | (1U << page)))]));
        return reuse.Reuses == (ulong)distances.Count && Enumerable.Range(0, 13).All(distance =>
        {
            double share = distances.Count == 0 ? 0 : (double)distances.Count(each => each <= (ulong)distance) / distances.Count;
            return reuse.Upper.FractionAtMost((ulong)distance) <= share + 1e-12 && share <= reuse.Lower.FractionAtMost((ulong)distance) + 1e-12;
        });
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Fact]
    public void Quantiles_are_the_least_distances_that_reach_the_share()
    {
        // a's distances: 0, 0, 0 and, after b c d, 3.
        DistanceHistogram histogram = ReuseDistance.Of(Traces.Of(A, A, A, A, B, C, D, A)).Upper;
        Assert.Equal(4UL, histogram.Total);
        Assert.Equal((0UL, 0UL, 3UL, 3UL), (histogram.Quantile(0), histogram.Quantile(0.75), histogram.Quantile(0.76), histogram.Quantile(1)));
        Assert.Equal((0.75, 0.75, 1.0), (histogram.FractionAtMost(0), histogram.FractionAtMost(2), histogram.FractionAtMost(3)));
    }

    private static void Count(SortedDictionary<ulong, ulong> histogram, uint distance) =>
        histogram[distance] = histogram.GetValueOrDefault(distance) + 1;

    private static bool IsSame(SortedDictionary<ulong, ulong> expected, DistanceHistogram actual) =>
        expected.Select(static pair => new DistanceCount(pair.Key, pair.Value)).SequenceEqual(actual.Entries.ToArray());
}
