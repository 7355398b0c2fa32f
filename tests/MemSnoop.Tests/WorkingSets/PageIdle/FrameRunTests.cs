using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>The vector code of the innermost loop against the same in plain steps.</summary>
public class FrameRunTests
{
    [Fact]
    public void A_run_ends_with_the_word_the_span_or_the_first_frame_out_of_line()
    {
        for (int bit = 0; bit < 64; bit++)
        {
            for (int inLine = 1; inLine <= 70; inLine++)
            {
                ulong first = (1UL << 63) + 6400 + (ulong)bit;
                ulong[] entries = [.. Enumerable.Range(0, inLine).Select(i => first + (ulong)i), first, first + 1];
                int expected = Math.Min(inLine, 64 - bit);
                Assert.Equal(expected, FrameRun.Length(entries));
                Assert.Equal(expected, FrameRun.Length(entries.AsSpan(0, inLine)));
                Assert.Equal(Enumerable.Range(bit, expected).Aggregate(0UL, static (mask, set) => mask | (1UL << set)), FrameRun.Mask(first, expected));
            }
        }
    }

    [Fact]
    public void Frames_with_other_flags_are_another_run()
    {
        ulong first = (1UL << 63) + 6400;
        Assert.Equal(2, FrameRun.Length([first, first + 1, (first + 2) | (1UL << 61), first + 3]));
        Assert.Equal(1, FrameRun.Length([first, 0, first + 2]));
    }

    [Fact]
    public void Ages_of_used_frames_are_brought_up_to_date_and_others_left_alone()
    {
        Random random = new(1);
        for (int round = 0; round < 2000; round++)
        {
            byte[] ages = [.. Enumerable.Range(0, 1 + random.Next(64)).Select(_ => (byte)random.Next(256))];
            ulong used = (ulong)random.NextInt64() << random.Next(2);
            byte[] expected = [.. ages.Select((age, i) => (used >> i & 1) != 0 ? (byte)201 : age)];

            AgeUpdate.Set(ages, used, current: 201);

            Assert.Equal(expected, ages);
        }
    }

    [Fact]
    public void Every_age_is_counted()
    {
        Random random = new(2);
        for (int round = 0; round < 500; round++)
        {
            int stretch = 1 + random.Next(60);
            byte age = 0;
            byte[] ages = [.. Enumerable.Range(0, random.Next(300)).Select(_ => age = random.Next(stretch) == 0 ? (byte)random.Next(256) : age)];
            EpochCounts counts = default;
            counts.Add(ages);
            for (int i = 0; i < 256; i++)
            {
                Assert.Equal(ages.Count(one => one == i), counts[i]);
            }
        }
    }
}
