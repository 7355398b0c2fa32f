using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Web;

/// <summary>Lets through a burst of requests, and then one in each interval, whoever asks.</summary>
internal sealed class RequestRate(WebRate rate, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private double _tokens = rate.Burst;
    private long _since = clock.GetTimestamp();

    /// <summary>Whether one more may come now.</summary>
    internal bool TryTake()
    {
        lock (_gate)
        {
            long now = clock.GetTimestamp();
            _tokens = Math.Min(rate.Burst, _tokens + (clock.GetElapsedTime(_since, now) / rate.Interval));
            _since = now;
            if (_tokens < 1)
            {
                return false;
            }

            _tokens--;
            return true;
        }
    }
}
