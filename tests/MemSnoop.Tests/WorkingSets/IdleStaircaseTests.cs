using FsCheck;
using FsCheck.Fluent;
using MemSnoop.WorkingSets;

namespace MemSnoop.Tests.WorkingSets;

/// <summary>
/// Against the definition: bytes idle for an age are at most the least that any window since then left idle, the sliding minimum.
/// </summary>
public class IdleStaircaseTests
{
    private static readonly IdleAges Ages = new([.. new[] { 0, 10, 25, 60, 100 }.Select(static seconds => TimeSpan.FromSeconds(seconds))]);

    [Fact]
    public void It_is_the_sliding_minimum_over_windows()
    {
        Gen<(int Seconds, int Bytes)[]> windows =
            from lengths in Gen.Choose(1, 30).ArrayOf(40)
            from bytes in Gen.Choose(0, 12).ArrayOf(40)
            select lengths.Zip(bytes).ToArray();

        Prop.ForAll(windows.ToArbitrary(), AgreesWithTheDefinition).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithQuietOnSuccess(true));
    }

    [Theory]
    [InlineData("30 20", 20)]
    [InlineData("20 30", 20)]
    [InlineData("30 0 30", 0)]
    [InlineData("10 10 10", 10)]
    public void What_was_idle_in_each_window_is_old(string idle, int expected)
    {
        IdleStaircase staircase = new();
        int[] bytes = [.. idle.Split(' ').Select(int.Parse)];
        for (int i = 0; i < bytes.Length; i++)
        {
            staircase.Add(TimeSpan.FromSeconds(100 * i), (ulong)bytes[i]);
        }

        IdleBytes bands = default;
        staircase.Count(TimeSpan.FromSeconds(100 * bytes.Length), new IdleAges([TimeSpan.Zero, TimeSpan.FromSeconds(100 * bytes.Length)]), ref bands);

        Assert.Equal((ulong)expected, bands[1]);
    }

    private static bool AgreesWithTheDefinition((int Seconds, int Bytes)[] windows)
    {
        IdleStaircase staircase = new();
        List<(TimeSpan Start, ulong Idle)> past = [];
        TimeSpan now = TimeSpan.Zero;
        foreach ((int seconds, int bytes) in windows)
        {
            past.Add((now, (ulong)bytes));
            staircase.Add(now, (ulong)bytes);
            now += TimeSpan.FromSeconds(seconds);

            IdleBytes bands = default;
            staircase.Count(now, Ages, ref bands);
            for (int band = 1; band < Ages.Count; band++)
            {
                if (bands[band] != Definition(past, now, band) || (band > 1 && bands[band] > bands[band - 1]))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static ulong Definition(List<(TimeSpan Start, ulong Idle)> past, TimeSpan now, int band)
    {
        int since = past.FindLastIndex(window => Ages.CountReached(now - window.Start) > band);
        return since < 0 ? 0 : past.Skip(since).Min(static window => window.Idle);
    }
}
