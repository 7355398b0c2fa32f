using FsCheck;
using FsCheck.Fluent;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

public class EpochsTests
{
    [Fact]
    public void However_often_times_are_joined_nothing_is_reported_idle_for_longer_than_it_was()
    {
        Gen<(int, int, int[])> cases =
            from longestMinutes in Gen.Choose(1, 3000)
            from everyMost in Gen.Choose(1, 120)
            from intervals in Gen.Choose(1, everyMost).ArrayOf(1500)
            select (longestMinutes, everyMost, intervals);
        Prop.ForAll(cases.ToArbitrary(), static history => Run(TimeSpan.FromMinutes(history.Item1), [.. history.Item3.Select(static seconds => TimeSpan.FromSeconds(seconds))], mostLoss: null))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(40).WithQuietOnSuccess(true));
    }

    [Theory]
    [InlineData(60, 60)]
    [InlineData(30, 60)]
    [InlineData(20, 60)]
    public void Nothing_is_lost_while_the_ages_fit(int seconds, int longestMinutes) =>
        Run(TimeSpan.FromMinutes(longestMinutes), Enumerable.Repeat(TimeSpan.FromSeconds(seconds), 2000), mostLoss: 0);

    [Theory]
    [InlineData(15, 60)]
    [InlineData(60, 24 * 60)]
    [InlineData(1, 60)]
    public void Little_is_lost_when_they_do_not(int seconds, int longestMinutes) =>
        Run(TimeSpan.FromMinutes(longestMinutes), Enumerable.Repeat(TimeSpan.FromSeconds(seconds), 2000), mostLoss: 0.15);

    [Fact]
    public void A_clock_that_stands_still_does_not_hang()
    {
        Epochs epochs = new(TimeSpan.FromHours(1));
        for (int pass = 0; pass < 1000; pass++)
        {
            epochs.Begin(TimeSpan.FromSeconds(5));
        }

        Assert.Equal(TimeSpan.FromSeconds(5), epochs[epochs.Current]);
    }

    [Fact]
    public void The_first_pass_has_none_before_it()
    {
        Epochs epochs = new(TimeSpan.FromHours(1));
        Assert.Null(epochs.Begin(TimeSpan.FromSeconds(1)));
        Assert.Equal(0, epochs.Current);
        Assert.Equal(0, epochs.Previous);
        Assert.Null(epochs.Begin(TimeSpan.FromSeconds(2)));
        Assert.Equal(1, epochs.Current);
        Assert.Equal(0, epochs.Previous);
    }

    /// <summary>One page is used in each pass and then left alone for ever.</summary>
    private static void Run(TimeSpan longest, IEnumerable<TimeSpan> intervals, double? mostLoss)
    {
        Epochs epochs = new(longest);
        List<(TimeSpan Used, byte Epoch)> pages = [];
        TimeSpan now = TimeSpan.Zero;
        foreach (TimeSpan interval in intervals)
        {
            now += interval;
            if (epochs.Begin(now) is { } table)
            {
                Assert.Equal(Epochs.Absent, table[Epochs.Absent]);
                pages = [.. pages.Select(page => (page.Used, table[page.Epoch]))];
            }

            Assert.Equal(now, epochs[epochs.Current]);
            pages.Add((now, epochs.Current));
            Assert.All(pages, page =>
            {
                TimeSpan idle = now - page.Used;
                TimeSpan reported = now - epochs[page.Epoch];
                Assert.True(reported <= idle);
                if (mostLoss is { } loss)
                {
                    Assert.True(Min(reported, longest) >= Min(idle, longest) * (1 - loss), $"{reported} for {idle}");
                }
            });
            if (pages.Count > 600)
            {
                pages.RemoveRange(0, 100);
            }
        }
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
