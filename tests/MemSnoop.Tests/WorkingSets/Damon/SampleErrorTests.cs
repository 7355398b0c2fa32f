using MemSnoop.WorkingSets.Damon;

namespace MemSnoop.Tests.WorkingSets.Damon;

/// <summary>How far an estimate from samples may be off.</summary>
public sealed class SampleErrorTests
{
    [Fact]
    public void Who_looks_at_everything_is_not_off()
    {
        Assert.Equal((0.25, 0), SampleError.Of(25, 100, 100));
        Assert.Equal((0, 0), SampleError.Of(0, 0, 0));
    }

    [Fact]
    public void Who_looks_at_nothing_knows_nothing() => Assert.Equal((0.5, 0.5), SampleError.Of(0, 0, 100));

    [Theory]
    [InlineData(0, 0.0037)]
    [InlineData(205, 0.0256)]
    [InlineData(512, 0.031)]
    [InlineData(1024, 0.0037)]
    public void A_thousand_samples_of_a_million_pages(long found, double halfWidth) =>
        Assert.Equal(halfWidth, SampleError.Of(found, 1024, 1 << 20).HalfWidth, 0.0005);

    [Fact]
    public void Memory_that_is_used_in_one_piece_is_met_in_proportion()
    {
        int sampled = 0;
        int found = 0;
        for (int page = 0; page < 51_200; page++)
        {
            bool isSample = SampleRate.Takes(SampleRate.All / 64, 0x7f12_3450_0 + (ulong)page);
            sampled += isSample ? 1 : 0;
            found += isSample && page < 10_240 ? 1 : 0;
        }

        Assert.Equal((800, 160), (sampled, found));
    }

    /// <summary>19 of 20 intervals have the truth in them, however the used pages lie: here all in one piece, and every 512th, as samples are chosen by address.</summary>
    [Theory]
    [InlineData(1, 0.2)]
    [InlineData(512, 0.002)]
    [InlineData(7, 0.142857)]
    public void The_truth_is_in_nearly_all_intervals(int stride, double truth)
    {
        const int Pages = 50_000;
        const int Rounds = 400;
        ulong threshold = SampleRate.All / 64;
        int inside = 0;
        for (int round = 0; round < Rounds; round++)
        {
            long sampled = 0;
            long found = 0;
            long used = 0;
            ulong first = 0x7f00_0000_0 + ((ulong)round * 1_000_003);
            for (int page = 0; page < Pages; page++)
            {
                bool isUsed = stride == 1 ? page < Pages / 5 : page % stride == 0;
                used += isUsed ? 1 : 0;
                if (SampleRate.Takes(threshold, first + (ulong)page))
                {
                    sampled++;
                    found += isUsed ? 1 : 0;
                }
            }

            Assert.Equal(truth, (double)used / Pages, 0.001);
            (double share, double half) = SampleError.Of(found, sampled, Pages);
            inside += Math.Abs(share - ((double)used / Pages)) <= half ? 1 : 0;
        }

        Assert.InRange((double)inside / Rounds, 0.92, 1);
    }
}
