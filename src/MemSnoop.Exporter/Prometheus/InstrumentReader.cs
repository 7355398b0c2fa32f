using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>
/// Reads one observable instrument. It has a <see cref="MeterListener"/> of its own, so that a callback that throws or hangs is known by
/// its instrument, and a collection can run any choice of them.
/// </summary>
internal sealed partial class InstrumentReader : GuardedCall, IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly PrometheusExporterOptions _options;
    private readonly ILogger _log;
    private readonly LabelWriter _labels;
    private readonly byte[] _sampleName;
    private readonly byte[] _createdName;
    private SampleBuffer? _samples;
    private SampleBuffer? _spare;
    private ByteBudget _budget = new(0);
    private string? _loggedCause;
    private bool _loggedValue;

    public InstrumentReader(Instrument instrument, MetricType type, PrometheusExporterOptions options, ILogger log)
    {
        Instrument = instrument;
        Type = type;
        Name = MetricName.From(instrument.Name, instrument.Unit, type);
        Collector = options.CollectorOf?.Invoke(instrument);
        _options = options;
        _log = log;
        _labels = new LabelWriter(options.ScopeLabels ? ScopeLabels.Of(instrument.Meter) : []);
        _sampleName = Encoding.ASCII.GetBytes(Name.Sample);
        _createdName = Encoding.ASCII.GetBytes(Name.Family + "_created");

        // Not by the listener's state: when the meter is disposed during an observation, measurements still come, but without it.
        _listener.SetMeasurementEventCallback<byte>((_, value, tags, _) => OnMeasured((long)value, tags));
        _listener.SetMeasurementEventCallback<short>((_, value, tags, _) => OnMeasured((long)value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, _) => OnMeasured((long)value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, _) => OnMeasured(value, tags));
        _listener.SetMeasurementEventCallback<float>((_, value, tags, _) => OnMeasured((double)value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, _) => OnMeasured(value, tags));
        _listener.SetMeasurementEventCallback<decimal>((_, value, tags, _) => OnMeasured(value, tags));
    }

    public Instrument Instrument { get; }

    public MetricType Type { get; }

    public MetricName Name { get; }

    /// <summary>Name of the collector that the instrument belongs to, or null.</summary>
    public string? Collector { get; }

    /// <summary>Starts to listen; <paramref name="unpublished"/> is called when the instrument's meter has been disposed.</summary>
    public void Enable(Action<InstrumentReader> unpublished)
    {
        _listener.MeasurementsCompleted = (_, _) => unpublished(this);
        _listener.EnableMeasurementEvents(Instrument);
    }

    /// <summary>Sets how many bytes the next run may write, together with all readers that share the budget.</summary>
    public void Limit(ByteBudget budget)
    {
        // A run that hangs keeps the budget of the collection it was part of.
        if (!Hangs)
        {
            _budget = budget;
        }
    }

    /// <summary>Hands over what the latest run has observed; null when it failed or there was none.</summary>
    public SampleBuffer? TakeSamples() => Hangs ? null : Interlocked.Exchange(ref _samples, null);

    /// <summary>Takes a buffer back that no text is made of any more.</summary>
    public void Return(SampleBuffer buffer)
    {
        buffer.Clear();
        if (Interlocked.CompareExchange(ref _spare, buffer, null) is not null)
        {
            buffer.Free();
        }
    }

    public void Dispose() => _listener.Dispose();

    protected override void Invoke()
    {
        _samples = Interlocked.Exchange(ref _spare, null) ?? new SampleBuffer();
        _listener.RecordObservableInstruments();
    }

    protected override void Discard()
    {
        if (Interlocked.Exchange(ref _samples, null) is { } partial)
        {
            Return(partial);
        }
    }

    protected override void OnFailed(Exception error)
    {
        // The listener wraps what a callback throws, even a single exception.
        Exception cause = error is AggregateException { InnerExceptions: [{ } inner] } ? inner : error;
        string text = cause.GetType() + cause.Message;
        if (text != _loggedCause)
        {
            _loggedCause = text;
            LogFailed(Instrument.Meter.Name, Instrument.Name, cause);
        }

        try
        {
            _options.ObservationFailed?.Invoke(Instrument, cause);
        }
#pragma warning disable CA1031 // Nobody is above this on the callbacks' thread; an exception that got through would end the process.
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            LogHookFailed(Instrument.Meter.Name, Instrument.Name, thrown);
        }
    }

    private void OnMeasured(long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (TryBegin(value >= 0, tags, out int start, out int keyLength))
        {
            _samples!.Append(value);
            End(start, keyLength, tags);
        }
    }

    private void OnMeasured(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (TryBegin(value >= 0, tags, out int start, out int keyLength))
        {
            _samples!.Append(value);
            End(start, keyLength, tags);
        }
    }

    private void OnMeasured(decimal value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (TryBegin(value >= 0, tags, out int start, out int keyLength))
        {
            _samples!.Append(value);
            End(start, keyLength, tags);
        }
    }

    private bool TryBegin(bool canBeTotal, ReadOnlySpan<KeyValuePair<string, object?>> tags, out int start, out int keyLength)
    {
        start = keyLength = 0;
        if (_budget.IsSpent || !IsRunning)
        {
            return false;
        }

        if (Type == MetricType.Counter && !canBeTotal)
        {
            if (!_loggedValue)
            {
                _loggedValue = true;
                LogNoTotal(Instrument.Meter.Name, Instrument.Name);
            }

            return false;
        }

        start = _samples!.Length;
        _samples.Append(_sampleName);
        _labels.Write(_samples, tags);
        keyLength = _samples.Length - start;
        _samples.Append((byte)' ');
        return true;
    }

    private void End(int start, int keyLength, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        _samples!.EndSample(start, keyLength);
        if (_options.CreatedSeries && Type == MetricType.Counter && _options.CreatedTime?.Invoke(Instrument, tags) is { } created)
        {
            int createdStart = _samples.Length;
            _samples.Append(_createdName);
            _labels.Write(_samples, tags);
            _samples.Append((byte)' ');
            _samples.Append(created);
            _samples.EndCreated(createdStart);
        }

        _budget.Spend(_samples.Length - start);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Left out of the scrape: {Meter} {Instrument}. Said once per cause.")]
    private partial void LogFailed(string meter, string instrument, Exception cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "The failure of {Meter} {Instrument} could not be reported.")]
    private partial void LogHookFailed(string meter, string instrument, Exception cause);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A counter cannot be negative or NaN; such samples of {Meter} {Instrument} are left out. Said once.")]
    private partial void LogNoTotal(string meter, string instrument);
}
