using MemSnoop.Exporter.Collector;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>
/// Gives every scrape a snapshot: the latest one while it is fresh, or that of the run in progress, or of a new one. Runs never overlap,
/// whoever asks for them.
/// </summary>
internal sealed partial class ScrapeCoordinator(
    PrometheusOptions options, MetricCollector collector, TimeProvider clock, ILogger<ScrapeCoordinator> log) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly BlockPool _blocks = new();
    private ExpositionPlan? _plan;
    private Snapshot? _latest;
    private ScrapeRun? _running;
    private string? _loggedCause;

    /// <summary>The families of all instruments there are now.</summary>
    public ExpositionPlan Plan
    {
        get
        {
            lock (_gate)
            {
                return _plan is { } plan && ReferenceEquals(plan.Instruments, collector.Instruments)
                    ? plan
                    : _plan = new ExpositionPlan(collector.Instruments, _plan, options, _blocks);
            }
        }
    }

    /// <summary>Waits for a snapshot with everything that <paramref name="wanted"/> asks for. The caller releases it.</summary>
    /// <exception cref="ScrapeFailedException">The run failed, for all who waited for it. The next call starts another one.</exception>
    public async Task<Snapshot> AcquireAsync(ScrapeContent wanted, CancellationToken cancel)
    {
        while (true)
        {
            ScrapeRun run;
            bool joined;
            lock (_gate)
            {
                if (_latest is { } latest && latest.Content.Covers(wanted) && clock.GetElapsedTime(latest.Completed) < options.CacheDuration)
                {
                    latest.AddReference();
                    return latest;
                }

                if (_running is null && _latest is { } stale && clock.GetElapsedTime(stale.Completed) >= options.CacheDuration)
                {
                    // Its buffers are those of the next run, so that there is one answer in memory and not two.
                    stale.Release();
                    _latest = null;
                }

                run = _running ??= Start(wanted);
                joined = run.TryJoin(wanted);
            }

            if (!joined)
            {
                // It collects something else, or stops because every scrape has left. Try again when it has ended.
                await ((Task)run.Outcome).WaitAsync(cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancel.ThrowIfCancellationRequested();
                continue;
            }

            try
            {
                Snapshot snapshot = await run.Outcome.WaitAsync(cancel).ConfigureAwait(false);
                snapshot.AddReference();
                return snapshot;
            }
            finally
            {
                lock (_gate)
                {
                    run.Leave();
                }
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _latest?.Release();
            _latest = null;
        }
    }

    private ScrapeRun Start(ScrapeContent content)
    {
        ScrapeRun run = new(content);
        using (ExecutionContext.SuppressFlow())
        {
            _ = Task.Run(() => RunAsync(run));
        }

        return run;
    }

    private async Task RunAsync(ScrapeRun run)
    {
        Snapshot? snapshot = null;
        Exception? error = null;
        try
        {
            snapshot = await CollectAsync(run).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whatever the error is, the waiting scrapes must get it.
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            error = thrown;
        }

        lock (_gate)
        {
            _running = null;
            if (snapshot is null)
            {
                run.Fail(error);
            }
            else
            {
                if (options.CacheDuration > TimeSpan.Zero)
                {
                    snapshot.AddReference();
                    _latest?.Release();
                    _latest = snapshot;
                }

                run.Complete(snapshot);
            }

            // From here on no scrape joins it, and a scrape that leaves no longer stops it.
            run.Dispose();
        }

        _blocks.Trim();
        string? cause = error is null ? null : error.GetType() + error.Message;
        if (cause is not null && cause != _loggedCause)
        {
            _loggedCause = cause;
            LogFailed(error!);
        }
    }

    // Null when it was stopped because nobody waits any more.
    private async Task<Snapshot?> CollectAsync(ScrapeRun run)
    {
        ExpositionPlan plan = Plan;
        ByteBudget budget = new(options.MaxBodyBytes);
        MeasurementSelection selection = run.Content.Selection;
        MetricFamily[] wanted = [.. plan.Families.Where(family => selection.Includes(family.Source))];
        foreach (MetricFamily family in wanted)
        {
            family.Prepare(run.Content.Form, budget);
        }

        await collector.CollectAsync(wanted, run.Stop).ConfigureAwait(false);
        Snapshot snapshot = new(
            plan,
            run.Content,
            [.. plan.Families.Select(family => selection.Includes(family.Source) ? family.TakeSamples() : null)],
            clock.GetTimestamp(),
            clock.GetUtcNow());
        if (!budget.IsSpent && !run.Stop.IsCancellationRequested)
        {
            return snapshot;
        }

        snapshot.Release();
        return budget.IsSpent ? throw new InvalidDataException($"The answer would be longer than {options.MaxBodyBytes} bytes.") : null;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "a collection failed; logged once per cause")]
    private partial void LogFailed(Exception cause);
}
