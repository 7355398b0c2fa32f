using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Collector;

/// <summary>
/// Discovers the instruments of one source and runs their callbacks toward a sink. Collections never overlap: a scrape and a push at the
/// same time would each see one reading in its first half and another in its second.
/// </summary>
internal sealed class MetricCollector : IDisposable
{
    // What is left at least for the instruments that report on the measurements, when those have used up the collection's time.
    private static readonly TimeSpan MinReportBudget = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly MeterListener _discovery = new();
    private readonly TimeProvider _clock;
    private readonly CallbackRunner _runner;
    private readonly BeginCall _begin;
    private CollectedInstrument[] _instruments = [];

    /// <summary>Begins to discover instruments.</summary>
    /// <param name="source">Whose instruments are collected.</param>
    /// <param name="clock">Measures the budgets.</param>
    /// <param name="log">Told of instruments that fail.</param>
    public MetricCollector(IInstrumentSource source, TimeProvider clock, ILogger<MetricCollector> log)
    {
        _clock = clock;
        _runner = new CallbackRunner(clock);
        _begin = new BeginCall(source);
        _discovery.InstrumentPublished = (instrument, _) =>
        {
            if (source.Owns(instrument.Meter) && CollectedInstrument.Create(instrument, source, log) is { } collected)
            {
                Add(collected);
            }
        };
        _discovery.Start();
    }

    /// <summary>
    /// How long one instrument's callback may take. After that the collection goes on without it, and so do all others until it returns.
    /// Default value: 5 s.
    /// </summary>
    public TimeSpan CallbackBudget { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long all callbacks of a collection may take together. What has not been observed by then is left out.
    /// Default value: 8 s, so that an answer reaches a server which gives a scrape its usual 10 s.
    /// </summary>
    public TimeSpan CollectionBudget { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>The instruments discovered so far: an array that is replaced and never changed.</summary>
    public CollectedInstrument[] Instruments => Volatile.Read(ref _instruments);

    /// <summary>Runs the callbacks of some instruments, in the order given, but those that report on measurements behind the others.</summary>
    /// <param name="sinks">Where the observations go, one sink for each instrument. <see cref="InstrumentSink.IsComplete"/> says afterwards which were observed.</param>
    /// <param name="stop">Ends the collection before the next callback.</param>
    /// <exception cref="Exception">What <see cref="IInstrumentSource.BeginCollection"/> has thrown, or a <see cref="TimeoutException"/> when it hangs. No callback has run then.</exception>
    public async Task CollectAsync(IReadOnlyCollection<InstrumentSink> sinks, CancellationToken stop)
    {
        await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            bool hasMeasurements = Array.Exists(Instruments, static instrument => instrument.Measurement is not null);
            List<GuardedCall> calls = new(sinks.Count + 1) { _begin };
            List<GuardedCall> reports = [];
            foreach (InstrumentSink sink in sinks)
            {
                sink.Source.Direct(sink);
                (hasMeasurements && sink.Source.Measurement is null ? reports : calls).Add(sink.Source);
            }

            long started = _clock.GetTimestamp();
            await _runner.RunAsync([.. calls], CallbackBudget, CollectionBudget, stop).ConfigureAwait(false);
            if (_begin.Error is { } error)
            {
                throw error;
            }

            TimeSpan left = CollectionBudget - _clock.GetElapsedTime(started);
            await _runner.RunAsync([.. reports], CallbackBudget, left > MinReportBudget ? left : MinReportBudget, stop).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose()
    {
        _discovery.Dispose();
        foreach (CollectedInstrument instrument in Instruments)
        {
            instrument.Dispose();
        }
    }

    private void Add(CollectedInstrument instrument)
    {
        CollectedInstrument[] before;
        do
        {
            before = Instruments;
        }
        while (Interlocked.CompareExchange(ref _instruments, [.. before, instrument], before) != before);
    }

    /// <summary>The source's own step; a collection that could not take it is worth nothing.</summary>
    private sealed class BeginCall(IInstrumentSource source) : GuardedCall
    {
        public override bool IsRequired => true;

        protected override void Invoke() => source.BeginCollection();
    }
}
