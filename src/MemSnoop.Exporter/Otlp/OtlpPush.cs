using MemSnoop.Exporter.Collector;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Timing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace MemSnoop.Exporter.Otlp;

/// <summary>Pushes at each multiple of the interval, from the start on, and once more at the end.</summary>
internal sealed partial class OtlpPush : BackgroundService
{
    /// <summary>Maximum time of the last push. A service manager waits longer than this before it kills.</summary>
    private static readonly TimeSpan MaxPatience = TimeSpan.FromSeconds(5);

    private readonly OtlpOptions _options;
    private readonly MetricCollector _collector;
    private readonly PushLedger _ledger;
    private readonly TimeProvider _clock;
    private readonly ReceiverHandler _receiver;
    private readonly ReceiverState _state;
    private readonly PushExporter _exporter;
    private readonly PushReader _reader;
    private readonly MeterProvider _provider;
    private readonly double _began;
    private readonly ILogger _log;
    private CollectedInstrument[] _instruments = [];
    private PushStream[] _streams = [];
    private Type? _lastError;

    /// <param name="options">Where to, and how.</param>
    /// <param name="resource">Attributes of this program.</param>
    /// <param name="collector">Runs the callbacks.</param>
    /// <param name="ledger">Counts what has been pushed.</param>
    /// <param name="receiver">The connection.</param>
    /// <param name="log">The log.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="began">When watching began, in seconds since the Unix epoch: deltas tell of what happened since then.</param>
    public OtlpPush(
        OtlpOptions options, IEnumerable<KeyValuePair<string, object>> resource, MetricCollector collector, PushLedger ledger, ReceiverHandler receiver,
        ILogger log, TimeProvider clock, double began)
    {
        _options = options;
        _collector = collector;
        _ledger = ledger;
        _log = log;
        _clock = clock;
        _receiver = receiver;
        _began = began;
        _state = new ReceiverState(options.Url(), options.Interval, clock, log);
        _exporter = MakeExporter(options, receiver);
        _reader = new PushReader(_exporter)
        {
            TemporalityPreference = options.Temporality switch
            {
                OtlpTemporality.Delta => MetricReaderTemporalityPreference.Delta,
                OtlpTemporality.LowMemory => MetricReaderTemporalityPreference.LowMemory,
                _ => MetricReaderTemporalityPreference.Cumulative,
            },
        };

        // The view sees every meter and drops all but MemSnoop's own streams.
        _provider = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(ResourceBuilder.CreateEmpty().AddAttributes(resource))
            .AddMeter("*")
            .AddView(instrument => instrument.Meter.Scope is PushStream stream && stream.Owner == this
                ? new MetricStreamConfiguration { CardinalityLimit = stream.Room }
                : MetricStreamConfiguration.Drop)
            .AddReader(_reader)
            .Build();
    }

    /// <summary>How often the stream of an instrument was replaced by a larger one, over all instruments.</summary>
    public int Renewals => _streams.Sum(static stream => stream.Renewals);

    /// <summary>One push, apart from its schedule.</summary>
    internal async Task<PushResult> PushAsync()
    {
        long started = _clock.GetTimestamp();
        _exporter.Reset();
        PushStream[] streams = Streams();

        // No scrape waits for the receiver: what was observed is kept until it is sent.
        await _collector.CollectAsync(streams, CancellationToken.None).ConfigureAwait(false);
        foreach (PushStream stream in streams)
        {
            stream.Prepare();
        }

        // On its own thread: a push blocks for as long as the receiver takes, and a pool thread would be missing for scrapes.
        bool collected = await Task.Factory.StartNew(
            () => _reader.Collect(), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        foreach (PushStream stream in streams)
        {
            stream.Settle(_exporter.HasReceived(stream.Name));
        }

        PushResult result = _exporter.Result;
        if (!collected && result.Failure is null)
        {
            result = result with { Failure = "the collection failed" };
        }

        _ledger.Add(result, _clock.GetElapsedTime(started));
        _state.Note(result);
        return result;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        TimeSpan patience = _options.Timeout.Value < MaxPatience ? _options.Timeout.Value : MaxPatience;
        _receiver.CloseAfter(patience);
        Task stopped = base.StopAsync(CancellationToken.None);

        // A callback that hangs cannot be cut short: its thread is left to itself, and ends with the process.
        await stopped.WaitAsync(patience + TimeSpan.FromSeconds(1), _clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public override void Dispose()
    {
        base.Dispose();
        foreach (PushStream stream in _streams)
        {
            stream.Dispose();
        }

        if (ExecuteTask is null or { IsCompleted: true })
        {
            _provider.Dispose();
        }

        _receiver.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.Run(() => RunAsync(stoppingToken), CancellationToken.None);

    private async Task RunAsync(CancellationToken stopping)
    {
        Schedule schedule = new(_options.Interval.Value, _clock);
        while (!stopping.IsCancellationRequested)
        {
            await TryPushAsync().ConfigureAwait(false);
            await schedule.WaitForNextTickAsync(stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _ledger.Miss(schedule.Skipped);
        }

        await TryPushAsync().ConfigureAwait(false);
    }

    private async Task TryPushAsync()
    {
        try
        {
            await PushAsync().ConfigureAwait(false);
            _lastError = null;
        }
#pragma warning disable CA1031 // An unexpected error costs one push; later pushes and the scrapes go on.
        catch (Exception error)
#pragma warning restore CA1031
        {
            if (_lastError != error.GetType())
            {
                _lastError = error.GetType();
                LogError(error.Message);
            }
        }
    }

    // By name, so that messages do not depend on the order in which instruments were made.
    private PushStream[] Streams()
    {
        CollectedInstrument[] instruments = _collector.Instruments;
        if (!ReferenceEquals(instruments, _instruments))
        {
            bool isDelta = _options.Temporality == OtlpTemporality.Delta;
            Dictionary<CollectedInstrument, PushStream> known = _streams.ToDictionary(static stream => stream.Source);
            _streams = [.. instruments
                .Select(instrument => known.GetValueOrDefault(instrument) ?? PushStream.Create(instrument, isDelta, _began, this))
                .OrderBy(static stream => stream.Name, StringComparer.Ordinal)];
            _instruments = instruments;
        }

        return _streams;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "a push was left out: {Cause} (logged once per cause)")]
    private partial void LogError(string cause);

    private static PushExporter MakeExporter(OtlpOptions options, ReceiverHandler receiver)
    {
        // Whatever the exporter reads from the environment is overwritten here.
        const int MaxBytes = 256 << 20;   // the most it allows; messages are kept short by their number of points
        return new PushExporter(
            new OtlpExporterOptions
            {
                Endpoint = options.Url(),
                Protocol = options.Protocol == OtlpProtocol.Grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf,
                Compression = options.Compression == OtlpCompression.Gzip ? OtlpExportCompression.GZip : OtlpExportCompression.None,
                TimeoutMilliseconds = (int)options.Timeout.Milliseconds,
                Headers = null,
                MaxRequestSizeBytes = MaxBytes,
                HttpClientFactory = () => new HttpClient(receiver, disposeHandler: false) { Timeout = options.Timeout.Value },
            },
            receiver);
    }
}
