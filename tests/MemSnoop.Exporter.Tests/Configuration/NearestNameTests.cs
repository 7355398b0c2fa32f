using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Tests.Configuration;

public class NearestNameTests
{
    [Theory]
    [InlineData("intervall", "interval")]
    [InlineData("INTERVAL", "interval")]
    [InlineData("mthod", "method")]
    [InlineData("zebra", null)]
    [InlineData("", null)]
    public void Finds_what_was_meant(string name, string? expected) => Assert.Equal(expected, NearestName.Find(name, ["interval", "method", "pids"]));
}
