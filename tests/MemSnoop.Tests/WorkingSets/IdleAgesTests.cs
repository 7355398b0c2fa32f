using MemSnoop.WorkingSets;

namespace MemSnoop.Tests.WorkingSets;

public class IdleAgesTests
{
    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("0 10 10")]
    [InlineData("0 20 10")]
    [InlineData("-1 0 1")]
    [InlineData("0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16")]
    public void Ages_that_do_not_rise_from_nought_are_refused(string seconds) => Assert.Throws<ArgumentException>(() => Ages(seconds));

    [Theory]
    [InlineData("0")]
    [InlineData("0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15")]
    public void One_to_sixteen_ages_will_do(string seconds)
    {
        IdleAges ages = Ages(seconds);

        Assert.Equal(seconds.Split(' ').Length, ages.Count);
        Assert.Equal(TimeSpan.Zero, ages[0]);
        Assert.Equal(TimeSpan.FromSeconds(ages.Count - 1), ages[ages.Count - 1]);
    }

    // An age is reached 50 ms and a hundredth of it early.
    [Theory]
    [InlineData(0, 1)]
    [InlineData(29.64, 1)]
    [InlineData(29.65, 2)]
    [InlineData(30, 2)]
    [InlineData(59.34, 2)]
    [InlineData(59.35, 3)]
    [InlineData(3600, 4)]
    [InlineData(360_000, 4)]
    public void Ages_are_reached_in_turn(double idleSeconds, int expected) =>
        Assert.Equal(expected, Ages("0 30 60 3600").CountReached(TimeSpan.FromSeconds(idleSeconds)));

    [Fact]
    public void By_default_eight_ages_up_to_an_hour_are_told()
    {
        Assert.Equal(8, IdleAges.Default.Count);
        Assert.Equal(TimeSpan.FromHours(1), IdleAges.Default[7]);
    }

    private static IdleAges Ages(string seconds) => new([.. seconds.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Select(static text => TimeSpan.FromSeconds(int.Parse(text, System.Globalization.CultureInfo.InvariantCulture)))]);
}
