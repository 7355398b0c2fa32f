using FsCheck;
using FsCheck.Fluent;
using MemSnoop.Counters.PerfEvents;

namespace MemSnoop.Tests.Counters.PerfEvents;

public sealed class MultiplexedCountTests
{
    [Fact]
    public void An_event_that_was_always_counted_is_as_read()
    {
        MultiplexedCount count = Advanced((10, 100, 100), (17, 250, 250));

        Assert.Equal((17ul, 250ul, 250ul), (count.Count, count.TimeEnabled, count.TimeRunning));
    }

    [Fact]
    public void Each_interval_is_extrapolated_by_itself()
    {
        // 10 in all of the first 100 ns; then 20 in a quarter of 400.
        MultiplexedCount count = Advanced((10, 100, 100), (30, 500, 200));

        Assert.Equal(10ul + 80, count.Count);
        Assert.Equal(0.4, CounterTotal.From(count).ToValue().RunningRatio);
    }

    [Fact]
    public void A_later_better_part_does_not_take_back_what_an_earlier_one_extrapolated()
    {
        // One factor for the whole time would say 10 × 1000 / 1 = 10,000 first and 20 × 2000 / 1001 = 39 then.
        MultiplexedCount count = Advanced((10, 1000, 1), (20, 2000, 1001));

        Assert.Equal(10_010ul, count.Count);
    }

    [Fact]
    public void Time_in_which_the_event_waited_for_its_turn_is_filled_by_the_next_that_was_counted()
    {
        MultiplexedCount waiting = Advanced((10, 100, 100), (10, 400, 100));
        Assert.Equal(10ul, waiting.Count);
        Assert.Equal(0.25, CounterTotal.From(waiting).ToValue().RunningRatio);

        MultiplexedCount counted = Advanced((10, 100, 100), (10, 400, 100), (20, 500, 200));
        Assert.Equal(10ul + (10 * 400 / 100), counted.Count);
    }

    [Fact]
    public void An_occurrence_in_no_time_counts() => Assert.Equal(3ul, Advanced((1, 0, 0), (3, 0, 0)).Count);

    [Fact]
    public void An_event_of_a_thread_that_has_not_run_has_missed_nothing() =>
        Assert.Equal(1.0, CounterTotal.From(Advanced((0, 0, 0))).ToValue().RunningRatio);

    [Fact]
    public void A_product_beyond_64_bits_is_still_right() =>
        Assert.Equal(3_000_000_000_000_000_000ul, Advanced((1_500_000_000_000_000_000, 2_000_000_000_000_000_000, 1_000_000_000_000_000_000)).Count);

    [Fact]
    public void A_total_beyond_64_bits_stays_at_the_end()
    {
        MultiplexedCount count = Advanced((ulong.MaxValue - 1, 1000, 1), (ulong.MaxValue, 2000, 2));

        Assert.Equal(ulong.MaxValue, count.Count);
        Assert.Equal(ulong.MaxValue, (CounterTotal.From(count) + CounterTotal.From(count)).Count);
    }

    [Fact]
    public void It_never_falls_nor_says_less_than_was_counted()
    {
        // Occurrences, time counted and time waited, interval by interval; any of them may be 0.
        Gen<(ulong Occurred, ulong Running, ulong Waited)[]> intervals = Gen.Choose(0, 1_000_000).Three()
            .Select(static numbers => ((ulong)numbers.Item1, (ulong)numbers.Item2 / 3 * 3 % 700_000, (ulong)numbers.Item3 % 2 * (ulong)numbers.Item3))
            .ArrayOf();

        Prop.ForAll(intervals.ToArbitrary(), NeverFalls).Check(Config.QuickThrowOnFailure.WithMaxTest(1000).WithQuietOnSuccess(true));
    }

    [Fact]
    public void At_a_constant_rate_it_is_right_however_the_turns_fall()
    {
        Gen<(int Running, int Waited)[]> turns = Gen.Choose(0, 100_000).Two().Select(static turn => (turn.Item1, turn.Item2)).NonEmptyListOf().Select(static turns => turns.ToArray());

        Prop.ForAll(turns.ToArbitrary(), IsRightAtAConstantRate).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithQuietOnSuccess(true));
    }

    private static bool NeverFalls((ulong Occurred, ulong Running, ulong Waited)[] intervals)
    {
        MultiplexedCount count = default;
        PerfEventNative.read_format reading = default;
        bool holds = true;
        foreach ((ulong occurred, ulong running, ulong waited) in intervals)
        {
            // What does not run is not counted.
            reading = new(reading.value + (running > 0 ? occurred : 0), reading.time_enabled + running + waited, reading.time_running + running);
            ulong before = count.Count;
            count.Advance(reading);
            holds &= count.Count >= before && count.Count >= reading.value;
        }

        return holds;
    }

    private static bool IsRightAtAConstantRate((int Running, int Waited)[] turns)
    {
        const ulong Rate = 7;
        MultiplexedCount count = default;
        PerfEventNative.read_format reading = default;
        ulong spoken = 0;
        foreach ((int running, int waited) in turns)
        {
            reading = new(reading.value + ((ulong)running * Rate), reading.time_enabled + (ulong)(running + waited), reading.time_running + (ulong)running);
            count.Advance(reading);
            spoken = running > 0 || waited == 0 && spoken == reading.time_enabled ? reading.time_enabled : spoken;
        }

        return count.Count == spoken * Rate;
    }

    private static MultiplexedCount Advanced(params (ulong Value, ulong Enabled, ulong Running)[] readings)
    {
        MultiplexedCount count = default;
        foreach ((ulong value, ulong enabled, ulong running) in readings)
        {
            count.Advance(new(value, enabled, running));
        }

        return count;
    }
}
