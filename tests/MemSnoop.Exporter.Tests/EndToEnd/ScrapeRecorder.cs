namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Scrapes an exporter again and again, whatever the test does meanwhile, and keeps all answers.</summary>
internal sealed class ScrapeRecorder : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Scrape> _scrapes = [];
    private readonly Task _recording;

    private ScrapeRecorder(ExporterProcess exporter) => _recording = RecordAsync(exporter);

    public static ScrapeRecorder Start(ExporterProcess exporter) => new(exporter);

    /// <summary>Ends it; all answers since the start.</summary>
    public async Task<IReadOnlyList<Scrape>> StopAsync()
    {
        await _stop.CancelAsync();
        await _recording;
        return _scrapes;
    }

    public void Dispose() => _stop.Dispose();

    private async Task RecordAsync(ExporterProcess exporter)
    {
        using PeriodicTimer timer = new(Pause);
        do
        {
            _scrapes.Add(await exporter.ScrapeAsync());
        }
        while (await IsNextAsync(timer));
    }

    private async Task<bool> IsNextAsync(PeriodicTimer timer)
    {
        try
        {
            return await timer.WaitForNextTickAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
