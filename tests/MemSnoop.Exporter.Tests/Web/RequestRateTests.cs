using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Web;
using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Exporter.Tests.Web;

/// <summary>The limit of requests.</summary>
public class RequestRateTests
{
    [Fact]
    public void A_burst_may_come_and_then_one_in_each_interval()
    {
        FakeTimeProvider clock = new();
        RequestRate rate = new(new WebRate(TimeSpan.FromSeconds(10), 3), clock);
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => rate.TryTake()));
        clock.Advance(TimeSpan.FromSeconds(9));
        Assert.False(rate.TryTake());
        clock.Advance(TimeSpan.FromSeconds(1.001));
        Assert.Equal([true, false], Enumerable.Range(0, 2).Select(_ => rate.TryTake()));
        clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => rate.TryTake()));
    }
}
