using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Hosting;

/// <summary>
/// Gives back the memory that is garbage. The collector of a program with much free memory around it waits until it is worth its while, so after the start, which makes
/// most of the garbage, 10 MB would stay for hours; and how long it waits depends on the processor's caches. At 1,000 processes a look costs nothing, and a collection
/// 14 ms, every two or three minutes if a server scrapes every 15 s (docs/benchmarks.md).
/// </summary>
internal sealed partial class HeapTrim(TimeProvider clock, ILogger<HeapTrim> logger) : BackgroundService
{
    /// <summary>Time between two looks. The first comes when the first windows have been measured and scraped.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);

    /// <summary>So much garbage is worth a collection.</summary>
    internal const long WorthIt = 1 << 20;

    private long _allocated;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            if (GC.GetTotalAllocatedBytes() - _allocated < WorthIt)
            {
                continue;
            }

            // Aggressive: it also returns to the kernel what it has freed.
            long before = GC.GetTotalMemory(forceFullCollection: false);
            TimeSpan paused = GC.GetTotalPauseDuration();
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            _allocated = GC.GetTotalAllocatedBytes();
            long after = GC.GetTotalMemory(forceFullCollection: false) >> 10;
            double milliseconds = (GC.GetTotalPauseDuration() - paused).TotalMilliseconds;
            Trimmed(before >> 10, after, milliseconds);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "heap trimmed from {Before} to {After} KiB, which took {Milliseconds} ms")]
    private partial void Trimmed(long before, long after, double milliseconds);
}
