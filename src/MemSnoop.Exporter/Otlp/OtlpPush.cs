using MemSnoop.Metrics.Configuration;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Prometheus;
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
    /// <summary>What the last push gets at most; a service manager waits longer before it kills.</summary>
    private static readonly TimeSpan MostPatience = TimeSpan.FromSeconds(5);

    /// <summary>The callbacks of a collection together get what they get for a scrape, and what tells of them a second more.</summary>
    private static readonly TimeSpan CollectionBudget = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan CallbackBudget = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReportBudget = TimeSpan.FromSeconds(1);

    private readonly OtlpOptions _options;
    private readonly PushSources _sources;
    private readonly PushLedger _ledger;
    private readonly TimeProvider _clock;
    private readonly CallbackRunner _runner;
    private readonly ReceiverHandler _receiver;
    private readonly ReceiverState _state;
    private readonly PushExporter _exporter;
    private readonly PushReader _reader;
    private readonly MeterProvider _provider;
    private readonly PushedInstruments _instruments;
    private readonly ILogger _log;
    private Type? _lastError;

    public OtlpPush(
        OtlpOptions options, IEnumerable<KeyValuePair<string, object>> resource, PushSources sources, PushLedger ledger, ReceiverHandler receiver,
        ILogger log, TimeProvider clock)
    {
        _options = options;
        _sources = sources;
        _ledger = ledger;
        _log = log;
        _clock = clock;
        _receiver = receiver;
        _runner = new CallbackRunner(clock, CallbackBudget);
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

        // Every meter is offered to the view, which turns all away but the streams of ours.
        _provider = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(ResourceBuilder.CreateEmpty().AddAttributes(resource))
            .AddMeter("*")
            .AddView(instrument => instrument.Meter.Scope is PushScope scope && scope.Owner == this
                ? new MetricStreamConfiguration { CardinalityLimit = scope.Room }
                : MetricStreamConfiguration.Drop)
            .AddReader(_reader)
            .Build();
        _instruments = new PushedInstruments(options.Temporality, sources, this, log);
    }

    /// <summary>How often an instrument's stream has been replaced by a roomier one, over all instruments.</summary>
    public int Renewals => _instruments.Current.Sum(instrument => instrument.Renewals);

    /// <summary>One push, apart from its schedule.</summary>
    internal async Task<PushResult> PushAsync()
    {
        long started = _clock.GetTimestamp();
        _exporter.Reset();
        PushedInstrument[] instruments = _instruments.Current;
        await ObserveAsync(instruments).ConfigureAwait(false);
        foreach (PushedInstrument instrument in instruments)
        {
            instrument.Prepare();
        }

        // On a thread of its own: it blocks for as long as the receiver likes, and a pool thread would be missing for the scrapes.
        bool collected = await Task.Factory.StartNew(
            () => _reader.Collect(), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        foreach (PushedInstrument instrument in instruments)
        {
            instrument.Settle(_exporter.HasReceived(instrument.Name));
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
        TimeSpan patience = _options.Timeout.Value < MostPatience ? _options.Timeout.Value : MostPatience;
        _receiver.CloseAfter(patience);
        Task stopped = base.StopAsync(CancellationToken.None);

        // A wait between two attempts cannot be cut short: its thread is left to itself, and ends with the process.
        await stopped.WaitAsync(patience + TimeSpan.FromSeconds(1), _clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public override void Dispose()
    {
        base.Dispose();
        _instruments.Dispose();
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
#pragma warning disable CA1031 // An error that nobody foresaw costs one push; the next ones and the scrapes go on.
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

    // The measurements first and those that report on them after, as in a scrape. The turn ends with the callbacks: no scrape waits for the receiver.
    private async Task ObserveAsync(PushedInstrument[] instruments)
    {
        await _sources.Turn.WaitAsync().ConfigureAwait(false);
        try
        {
            _sources.Collecting();
            await _runner.RunAsync([.. instruments.Where(instrument => instrument.Collector is not null)], CollectionBudget, CancellationToken.None).ConfigureAwait(false);
            await _runner.RunAsync([.. instruments.Where(instrument => instrument.Collector is null)], ReportBudget, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            _sources.Turn.Release();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "a push was left out: {Cause}; said once per cause")]
    private partial void LogError(string cause);

    private static PushExporter MakeExporter(OtlpOptions options, ReceiverHandler receiver)
    {
        // The exporter retries with growing delays, within the timeout of a request, only when this variable of its own says
        // so, and it is read in its constructor alone. Whatever else it reads from the environment is overwritten here.
        const string RetryVariable = "OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY";
        const int MostBytes = 256 << 20;   // the most it allows; messages are kept short by their number of points
        string? before = Environment.GetEnvironmentVariable(RetryVariable);
        Environment.SetEnvironmentVariable(RetryVariable, "in_memory");
        try
        {
            return new PushExporter(
                new OtlpExporterOptions
                {
                    Endpoint = options.Url(),
                    Protocol = options.Protocol == OtlpProtocol.Grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf,
                    Compression = options.Compression == OtlpCompression.Gzip ? OtlpExportCompression.GZip : OtlpExportCompression.None,
                    TimeoutMilliseconds = (int)options.Timeout.Milliseconds,
                    Headers = null,
                    MaxRequestSizeBytes = MostBytes,
                    HttpClientFactory = () => new HttpClient(receiver, disposeHandler: false) { Timeout = options.Timeout.Value },
                },
                receiver);
        }
        finally
        {
            Environment.SetEnvironmentVariable(RetryVariable, before);
        }
    }
}
