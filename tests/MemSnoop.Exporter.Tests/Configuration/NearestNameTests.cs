using MemSnoop.Metrics.Configuration;
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

    [Theory]
    [InlineData("cache-miss", "cache-misses,L1-cache-misses")]
    [InlineData("MISSES", "cache-misses,L1-cache-misses")]
    [InlineData("cycle", "cycles,bus-cycles")]
    [InlineData("zebra", "")]
    [InlineData("", "")]
    public void Finds_all_that_may_have_been_meant(string name, string expected) =>
        Assert.Equal(expected, string.Join(',', NearestName.FindAll(name, ["bus-cycles", "cache-misses", "cycles", "L1-cache-misses", "CYCLES"])));
}
