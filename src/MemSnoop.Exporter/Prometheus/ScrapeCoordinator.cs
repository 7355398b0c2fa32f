using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>
/// Gives every scrape a snapshot: the latest one while it is fresh, or that of the collection in progress, or of a new one. Collections
/// never overlap, whoever asks for them.
/// </summary>
internal sealed partial class ScrapeCoordinator(
    PrometheusExporterOptions options, InstrumentRegistry registry, TimeProvider clock, ILogger<ScrapeCoordinator> log) : IDisposable
{
    // What is left at least for the instruments that report on the collectors, when those have used up the collection's time.
    private static readonly TimeSpan ReportBudget = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly CollectingHook _hook = new(options.Collecting);
    private readonly CallbackRunner _runner = new(clock, options.CallbackBudget);
    private Snapshot? _latest;
    private Collection? _running;
    private string? _loggedCause;

    /// <summary>Waits for a snapshot with everything that <paramref name="wanted"/> asks for. The caller releases it.</summary>
    /// <exception cref="CollectionFailedException">The collection failed, for all who waited for it. The next call starts another one.</exception>
    public async Task<Snapshot> AcquireAsync(CollectorSelection wanted, CancellationToken cancel)
    {
        while (true)
        {
            Collection collection;
            bool joined;
            lock (_gate)
            {
                if (_latest is { } latest && latest.Selection.Covers(wanted) && clock.GetElapsedTime(latest.Completed) < options.CacheDuration)
                {
                    latest.AddReference();
                    return latest;
                }

                collection = _running ??= Start(wanted);
                joined = collection.TryJoin(wanted);
            }

            if (!joined)
            {
                // It collects something else, or stops because everybody left. Whatever becomes of it: look again when it has ended.
                await ((Task)collection.Outcome).WaitAsync(cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancel.ThrowIfCancellationRequested();
                continue;
            }

            try
            {
                Snapshot snapshot = await collection.Outcome.WaitAsync(cancel).ConfigureAwait(false);
                snapshot.AddReference();
                return snapshot;
            }
            finally
            {
                lock (_gate)
                {
                    collection.Leave();
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

    private Collection Start(CollectorSelection selection)
    {
        Collection collection = new(selection);
        using (ExecutionContext.SuppressFlow())
        {
            _ = Task.Run(() => RunAsync(collection));
        }

        return collection;
    }

    private async Task RunAsync(Collection collection)
    {
        Snapshot? snapshot = null;
        Exception? error = null;
        try
        {
            snapshot = await CollectInTurnAsync(collection).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whatever it was, the scrapes that wait have to hear of it.
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
                collection.Fail(new CollectionFailedException(error));
            }
            else
            {
                if (options.CacheDuration > TimeSpan.Zero)
                {
                    snapshot.AddReference();
                    _latest?.Release();
                    _latest = snapshot;
                }

                collection.Complete(snapshot);
            }

            // From here on nobody joins it, and who leaves it no longer stops it.
            collection.Dispose();
        }

        string? cause = error is null ? null : error.GetType() + error.Message;
        if (cause is not null && cause != _loggedCause)
        {
            _loggedCause = cause;
            LogFailed(error!);
        }
    }

    private async Task<Snapshot?> CollectInTurnAsync(Collection collection)
    {
        if (options.Turn is not { } turn)
        {
            return await CollectAsync(collection).ConfigureAwait(false);
        }

        await turn.WaitAsync().ConfigureAwait(false);
        try
        {
            return await CollectAsync(collection).ConfigureAwait(false);
        }
        finally
        {
            turn.Release();
        }
    }

    // Null when it was stopped because nobody waits any more.
    private async Task<Snapshot?> CollectAsync(Collection collection)
    {
        ExpositionPlan plan = registry.Plan;
        ByteBudget budget = new(options.MaxBodyBytes);
        List<GuardedCall> collectors = new(plan.Readers.Length + 1) { _hook };
        List<GuardedCall> reports = [];
        foreach (InstrumentReader reader in plan.Readers)
        {
            if (collection.Selection.Includes(reader))
            {
                reader.Limit(budget);
                bool isReport = reader.Collector is null && plan.Collectors.Count > 0;
                (isReport ? reports : collectors).Add(reader);
            }
        }

        long started = clock.GetTimestamp();
        await _runner.RunAsync([.. collectors], options.CollectionBudget, collection.Stop).ConfigureAwait(false);
        if (_hook.Error is null)
        {
            TimeSpan left = options.CollectionBudget - clock.GetElapsedTime(started);
            await _runner.RunAsync([.. reports], left > ReportBudget ? left : ReportBudget, collection.Stop).ConfigureAwait(false);
        }

        Snapshot snapshot = new(
            plan,
            collection.Selection,
            [.. plan.Readers.Select(reader => collection.Selection.Includes(reader) ? reader.TakeSamples() : null)],
            clock.GetTimestamp(),
            clock.GetUtcNow());
        Exception? error = _hook.Error
            ?? (budget.IsSpent ? new InvalidDataException($"The text would be longer than {options.MaxBodyBytes} bytes.") : null);
        if (error is not null || collection.Stop.IsCancellationRequested)
        {
            snapshot.Release();
            return error is null ? null : throw error;
        }

        foreach (MetricFamily family in plan.SharedFamilies)
        {
            RemoveDuplicates(family, snapshot);
        }

        return snapshot;
    }

    // Two instruments of one family may have observed the same series; the later one's value stays.
    private static void RemoveDuplicates(MetricFamily family, Snapshot snapshot)
    {
        for (int i = family.FirstReader; i < family.FirstReader + family.Readers.Length; i++)
        {
            for (int later = i + 1; later < family.FirstReader + family.Readers.Length; later++)
            {
                if (snapshot.Samples(i) is { } samples && snapshot.Samples(later) is { } laterSamples)
                {
                    samples.RemoveSeriesOf(laterSamples);
                }
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A collection failed. Said once per cause.")]
    private partial void LogFailed(Exception cause);
}
