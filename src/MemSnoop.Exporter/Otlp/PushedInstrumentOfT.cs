using MemSnoop.Metrics.Configuration;
using System.Diagnostics.Metrics;
using System.Numerics;
using MemSnoop.Exporter.Configuration;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Otlp;

/// <summary>A pushed instrument whose numbers are <typeparamref name="T"/>, which is <see cref="long"/> or <see cref="double"/>.</summary>
internal sealed class PushedInstrument<T> : PushedInstrument
    where T : struct, INumber<T>
{
    /// <summary>The least room a stream is given; a slot costs about 200 bytes.</summary>
    private const int LeastRoom = 64;

    /// <summary>For how many rounds a series that is not observed any more is remembered: a reading that fails once must not start a delta anew.</summary>
    private const int Remembered = 3;

    private readonly MeterListener _listener = new();
    private readonly Dictionary<KeyValuePair<string, object?>[], PushedSeries<T>> _series = new(AttributeSet.Comparer);
    private readonly Dictionary<KeyValuePair<string, object?>[], PushedSeries<T>>.AlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>> _lookup;
    private readonly List<PushedSeries<T>> _current = [];
    private readonly PushSources _sources;
    private readonly object _owner;
    private readonly bool _isCounter;
    private readonly bool _isGauge;
    private readonly bool _isDelta;
    private long _round;
    private long _previous;
    private Meter? _stream;
    private int _streams;
    private int _room;
    private int _taken;
    private bool _isReady;

    public PushedInstrument(Instrument instrument, OtlpTemporality temporality, PushSources sources, object owner, ILogger log)
        : base(instrument, sources, log)
    {
        Type kind = instrument.GetType().GetGenericTypeDefinition();
        _isCounter = kind == typeof(ObservableCounter<>);
        _isGauge = kind == typeof(ObservableGauge<>);
        _isDelta = temporality == OtlpTemporality.Delta;
        _sources = sources;
        _owner = owner;
        _lookup = _series.GetAlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>>();
        _listener.SetMeasurementEventCallback<byte>((_, value, attributes, _) => OnMeasured(T.CreateChecked(value), attributes));
        _listener.SetMeasurementEventCallback<short>((_, value, attributes, _) => OnMeasured(T.CreateChecked(value), attributes));
        _listener.SetMeasurementEventCallback<int>((_, value, attributes, _) => OnMeasured(T.CreateChecked(value), attributes));
        _listener.SetMeasurementEventCallback<long>((_, value, attributes, _) => OnMeasured(T.CreateChecked(value), attributes));
        _listener.SetMeasurementEventCallback<float>((_, value, attributes, _) => OnMeasured(T.CreateChecked(value), attributes));
        _listener.SetMeasurementEventCallback<double>((_, value, attributes, _) => OnMeasured(T.CreateChecked(value), attributes));
    }

    public override int Renewals => Math.Max(0, _streams - 1);

    public override void Enable(Action<PushedInstrument> unpublished)
    {
        _listener.MeasurementsCompleted = (_, _) => unpublished(this);
        _listener.EnableMeasurementEvents(Instrument);
    }

    public override void Prepare()
    {
        // A call that hangs may still write; its instrument is left out of this push.
        _isReady = !Hangs && Error is null;
        if (!_isReady)
        {
            if (_isDelta)
            {
                // The SDK is told of no series this time, and so forgets all.
                (_previous, _taken) = (0, 0);
            }

            return;
        }

        int needed = Needed();
        if (needed > _room)
        {
            // Cumulative streams hold all that have been; room is made for the living.
            Renew(Math.Max(LeastRoom, 2 * (_isDelta ? needed : _current.Count)));
        }

        foreach (PushedSeries<T> series in _current)
        {
            bool isHeld = Holds(series);
            _taken += isHeld ? 0 : 1;
            series.Tell(_isDelta && _isCounter ? RunningTotal(series, isHeld) : series.Value);
            series.Stream = _streams;
            series.ToldIn = _round;
        }
    }

    public override void Settle(bool received)
    {
        if (!_isReady)
        {
            return;
        }

        _isReady = false;
        _previous = _round;
        foreach (PushedSeries<T> series in _current)
        {
            if (received)
            {
                series.Received = series.Value;
            }
        }

        if (_isDelta)
        {
            // What it was not told of in this round, the SDK forgets.
            _taken = _current.Count;
        }

        if (_series.Count > _current.Count)
        {
            foreach ((KeyValuePair<string, object?>[] attributes, PushedSeries<T> series) in _series)
            {
                if (series.Round < _round - Remembered)
                {
                    _series.Remove(attributes);
                }
            }
        }
    }

    public override void Dispose()
    {
        _listener.Dispose();
        _stream?.Dispose();
    }

    protected override void Invoke()
    {
        _round++;
        _current.Clear();
        _listener.RecordObservableInstruments();
    }

    protected override void Discard() => _current.Clear();

    private void OnMeasured(T value, ReadOnlySpan<KeyValuePair<string, object?>> attributes)
    {
        // A total cannot be negative, and NaN is no number: the Prometheus endpoint leaves these out as well, and says so.
        if (!IsRunning || (_isCounter && !(value >= T.Zero)))
        {
            return;
        }

        if (!_lookup.TryGetValue(attributes, out PushedSeries<T>? series))
        {
            series = new PushedSeries<T>(attributes.ToArray());
            _series.Add(series.Attributes, series);
        }

        if (series.Round != _round)
        {
            _current.Add(series);
        }

        if (_isDelta && _isCounter && series.Round != _round)
        {
            NoteBeginning(series);
        }

        series.Round = _round;
        series.Value = value;
        if (series.ToldIn == 0 && IsOld(series.Created))
        {
            series.Received = value;
        }
    }

    // A delta stream tells what happened while we watched. What was counted before that is no news: it would look like three
    // weeks of work in one minute, after every restart.
    private bool IsOld(double? created) => _isDelta && created < _sources.Began;

    private void NoteBeginning(PushedSeries<T> series)
    {
        if (_sources.CreatedTime(Instrument, series.Attributes) is not { } created)
        {
            return;
        }

        if (series.Created is { } known && known != created)
        {
            // Another process with the same pid and name.
            series.Received = T.Zero;
        }

        series.Created = created;
    }

    /// <summary>Of a sum that is told as delta, the SDK subtracts what it was told before: what is to arrive is added to that.</summary>
    private static T RunningTotal(PushedSeries<T> series, bool isHeld)
    {
        if (series.Value < series.Received)
        {
            // It began anew.
            series.Received = T.Zero;
        }

        return (isHeld ? series.Told.Value : T.Zero) + series.Value - series.Received;
    }

    // The one series without attributes has a slot of its own, which the SDK keeps.
    private bool Holds(PushedSeries<T> series) =>
        series.Stream == _streams && _streams > 0 && (!_isDelta || (series.ToldIn == _previous && _previous > 0) || series.Attributes.Length == 0);

    private int Needed()
    {
        int needed = _taken;
        foreach (PushedSeries<T> series in _current)
        {
            needed += Holds(series) ? 0 : 1;
        }

        return needed;
    }

    private void Renew(int room)
    {
        _stream?.Dispose();
        _streams++;
        _room = room;
        _taken = 0;
        Meter source = Instrument.Meter;
        _stream = new Meter(new MeterOptions(source.Name) { Version = source.Version, Tags = source.Tags, Scope = new PushScope(_owner, room) });

        // No unit means the same as the unit 1, of which servers that make Prometheus names would make the word ratio.
        string? unit = Instrument.Unit == "1" ? null : Instrument.Unit;
        _ = _isCounter ? _stream.CreateObservableCounter(Name, Repeat, unit, Instrument.Description)
            : _isGauge ? _stream.CreateObservableGauge(Name, Repeat, unit, Instrument.Description)
            : (ObservableInstrument<T>)_stream.CreateObservableUpDownCounter(Name, Repeat, unit, Instrument.Description);
    }

    private IEnumerable<Measurement<T>> Repeat()
    {
        if (!_isReady)
        {
            yield break;
        }

        foreach (PushedSeries<T> series in _current)
        {
            yield return series.Told;
        }
    }
}
