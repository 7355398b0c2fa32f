using MemSnoop.Metrics.Configuration;
using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Tests.Configuration;

public class UserIdTests
{
    [Theory]
    [InlineData("root", 0u)]
    [InlineData("0", 0u)]
    [InlineData("4294967294", 4294967294u)]
    public void Knows_names_and_numbers(string text, uint expected)
    {
        Assert.True(UserId.TryParse(text, out UserId value));
        Assert.Equal(expected, value.Value);
        Assert.True(UserId.TryParse(value.ToString(), out UserId again));
        Assert.Equal(value, again);
    }

    [Fact]
    public void Names_mean_what_the_user_database_says()
    {
        string[] nobody = File.ReadLines("/etc/passwd").First(line => line.StartsWith("nobody:", StringComparison.Ordinal)).Split(':');
        Assert.True(UserId.TryParse("nobody", out UserId value));
        Assert.Equal(nobody[2], value.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("no-such-user-here")]
    [InlineData("4294967295")]
    [InlineData("-1")]
    [InlineData("root\0")]
    public void Refuses_nobody_we_know(string text) => Assert.False(UserId.TryParse(text, out _));
}
