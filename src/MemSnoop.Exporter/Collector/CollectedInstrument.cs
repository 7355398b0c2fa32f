using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Collector;

/// <summary>What an instrument's numbers are.</summary>
internal enum InstrumentKind
{
    /// <summary>A level that may fall.</summary>
    Gauge,

    /// <summary>A total that only grows, until its source restarts.</summary>
    Counter,

    /// <summary>A level that can be summed.</summary>
    UpDownCounter,
}

/// <summary>
/// One observable instrument. It has a <see cref="MeterListener"/> of its own, so that a callback that throws or hangs is known by its
/// instrument, and a collection can run any choice of them, toward one sink at a time.
/// </summary>
internal sealed partial class CollectedInstrument : GuardedCall, IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly IInstrumentSource _source;
    private readonly ILogger _log;
    private InstrumentSink? _sink;
    private string? _loggedCause;
    private bool _loggedValue;

    private CollectedInstrument(Instrument instrument, InstrumentKind kind, bool isInteger, IInstrumentSource source, ILogger log)
    {
        Instrument = instrument;
        Kind = kind;
        IsInteger = isInteger;
        Measurement = source.MeasurementOf(instrument);
        _source = source;
        _log = log;

        // Not by the listener's state: when the meter is disposed during an observation, measurements still come, but without it.
        _listener.SetMeasurementEventCallback<byte>((_, value, tags, _) => OnMeasured((long)value, tags));
        _listener.SetMeasurementEventCallback<short>((_, value, tags, _) => OnMeasured((long)value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, _) => OnMeasured((long)value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, _) => OnMeasured(value, tags));
        _listener.SetMeasurementEventCallback<float>((_, value, tags, _) => OnMeasured((double)value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, _) => OnMeasured(value, tags));
        _listener.EnableMeasurementEvents(instrument);
    }

    public Instrument Instrument { get; }

    public InstrumentKind Kind { get; }

    /// <summary>Whether it observes whole numbers, which arrive as <see cref="long"/>; the others arrive as <see cref="double"/>.</summary>
    public bool IsInteger { get; }

    /// <summary>Name of the measurement that it belongs to, or null.</summary>
    public string? Measurement { get; }

    /// <summary>
    /// Begins to listen. Null for an instrument that is not observed (a plain counter or gauge, a histogram): its series would have to be
    /// remembered for ever, while those of an observable instrument end with the process, disk or container that they describe.
    /// </summary>
    public static CollectedInstrument? Create(Instrument instrument, IInstrumentSource source, ILogger log)
    {
        Type type = instrument.GetType();
        if (!type.IsGenericType)
        {
            return null;
        }

        Type generic = type.GetGenericTypeDefinition();
        InstrumentKind? kind = generic == typeof(ObservableGauge<>) ? InstrumentKind.Gauge
            : generic == typeof(ObservableCounter<>) ? InstrumentKind.Counter
            : generic == typeof(ObservableUpDownCounter<>) ? InstrumentKind.UpDownCounter
            : null;
        Type number = type.GenericTypeArguments[0];
        bool isInteger = number == typeof(long) || number == typeof(int) || number == typeof(short) || number == typeof(byte);
        return kind is not null && (isInteger || number == typeof(double) || number == typeof(float))
            ? new CollectedInstrument(instrument, kind.Value, isInteger, source, log)
            : null;
    }

    /// <summary>When one of its series began to count, in seconds since the Unix epoch; null when that is not known.</summary>
    public double? CreatedTime(ReadOnlySpan<KeyValuePair<string, object?>> tags) => _source.CreatedTime(Instrument, tags);

    /// <summary>Whether one of its series was there before and then was not for a while, although what it counts went on.</summary>
    public bool HasReturned(ReadOnlySpan<KeyValuePair<string, object?>> tags) => _source.HasReturned(tags);

    /// <summary>Says where the observations of the next run go. A run that hangs keeps the sink that it began with.</summary>
    public void Direct(InstrumentSink sink)
    {
        sink.IsComplete = false;
        if (!Hangs)
        {
            _sink = sink;
        }
    }

    public void Dispose() => _listener.Dispose();

    protected override void Invoke()
    {
        _sink!.Begin();
        _listener.RecordObservableInstruments();
    }

    protected override void Commit() => _sink!.IsComplete = true;

    protected override void Discard() => _sink!.Discard();

    protected override void OnFailed(Exception error)
    {
        // The listener wraps what a callback throws, even a single exception.
        Exception cause = error is AggregateException { InnerExceptions: [{ } inner] } ? inner : error;
        string text = cause.GetType() + cause.Message;
        if (text != _loggedCause)
        {
            _loggedCause = text;
            LogFailed(Instrument.Name, cause.Message);
        }

        try
        {
            _source.ObservationFailed(Instrument, cause);
        }
#pragma warning disable CA1031 // Nothing above this on the thread catches exceptions; one that got through would end the process.
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            LogReportFailed(Instrument.Name, thrown);
        }
    }

    private void OnMeasured(long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (IsRunning && (value >= 0 || CanFall()))
        {
            _sink!.Record(value, tags);
        }
    }

    private void OnMeasured(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        // NaN is not at least zero either.
        if (IsRunning && (value >= 0 || CanFall()))
        {
            _sink!.Record(value, tags);
        }
    }

    private bool CanFall()
    {
        if (Kind == InstrumentKind.Counter && !_loggedValue)
        {
            _loggedValue = true;
            LogNoTotal(Instrument.Name);
        }

        return Kind != InstrumentKind.Counter;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Instrument} is left out: {Cause}; logged once per cause")]
    private partial void LogFailed(string instrument, string cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "the failure of {Instrument} could not be reported")]
    private partial void LogReportFailed(string instrument, Exception cause);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Instrument} is a counter, so values that are negative or NaN are left out; logged once")]
    private partial void LogNoTotal(string instrument);
}
