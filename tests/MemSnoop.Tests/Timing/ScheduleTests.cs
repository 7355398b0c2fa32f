using MemSnoop.Timing;
using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Tests.Timing;

public class ScheduleTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _clock = new();

    /// <summary>Work that takes so many seconds after each tick; the seconds until the next tick and the ticks skipped so far.</summary>
    [Theory]
    [InlineData("0 0 0", "10 10 10", 0)]
    [InlineData("1 9 9.5", "9 1 0.5", 0)]
    [InlineData("10", "0", 0)]
    [InlineData("10.5", "9.5", 1)]
    [InlineData("25", "5", 2)]
    [InlineData("25 1 12", "5 9 8", 3)]
    [InlineData("40 0", "0 10", 3)]
    public void Ticks_are_multiples_of_the_interval_and_late_ones_are_skipped(string work, string delays, long skipped)
    {
        Schedule schedule = new(Interval, _clock);
        foreach ((double worked, double expected) in Numbers(work).Zip(Numbers(delays)))
        {
            _clock.Advance(TimeSpan.FromSeconds(worked));
            TimeSpan delay = schedule.Advance();
            Assert.Equal(expected, delay.TotalSeconds);
            _clock.Advance(delay);
        }

        Assert.Equal(skipped, schedule.Skipped);
    }

    [Fact]
    public async Task Waiting_ends_with_the_tick_and_not_before()
    {
        Schedule schedule = new(Interval, _clock);
        Task wait = schedule.WaitForNextTickAsync(TestContext.Current.CancellationToken);

        _clock.Advance(Interval - TimeSpan.FromMilliseconds(1));
        Assert.False(wait.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await wait;
    }

    [Fact]
    public async Task Waiting_can_be_cancelled()
    {
        using CancellationTokenSource cancellation = new();
        Task wait = new Schedule(Interval, _clock).WaitForNextTickAsync(cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void An_interval_is_more_than_nothing(int seconds) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Schedule(TimeSpan.FromSeconds(seconds), _clock));

    private static IEnumerable<double> Numbers(string text) =>
        text.Split(' ').Select(static number => double.Parse(number, System.Globalization.CultureInfo.InvariantCulture));
}
