using Microsoft.AspNetCore.Http;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>Counts what passes through an application.</summary>
internal sealed class RequestCounts
{
    private int _started;
    private int _ended;

    public int Started => Volatile.Read(ref _started);

    public int Ended => Volatile.Read(ref _ended);

    public async Task CountAsync(HttpContext context, RequestDelegate next)
    {
        Interlocked.Increment(ref _started);
        try
        {
            await next(context);
        }
        finally
        {
            Interlocked.Increment(ref _ended);
        }
    }
}
