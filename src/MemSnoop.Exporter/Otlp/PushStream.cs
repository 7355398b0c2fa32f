using System.Diagnostics.Metrics;
using System.Numerics;
using MemSnoop.Exporter.Collector;

namespace MemSnoop.Exporter.Otlp;

/// <summary>An instrument on its way into the SDK.</summary>
/// <remarks>
/// The SDK does not listen to the instrument itself but to a stream: an instrument of the same name on a meter of its own,
/// which repeats what was observed. For the SDK's store keeps a slot for every series that it has ever seen, those of
/// processes that ended long ago included, and when it has no more slots new series vanish into one overflow series. Here
/// it is known before the SDK is told whether all series fit; where they do not, the stream's meter ends and one with more
/// room takes its place, with nothing but the living in it. And a callback that hangs must not hang in the SDK, which
/// waits for it. A plain gauge or counter would be told without being asked, but the SDK would repeat it for ever.
/// </remarks>
internal abstract class PushStream(CollectedInstrument source, object owner) : InstrumentSink(source), IDisposable
{
    public string Name => Source.Instrument.Name;

    /// <summary>Whose stream it is: the SDK's listeners hear of all streams of the process.</summary>
    public object Owner => owner;

    /// <summary>The most series that the SDK keeps for it.</summary>
    public int Room { get; protected set; }

    /// <summary>How often its meter has been replaced.</summary>
    public abstract int Renewals { get; }

    /// <summary>Makes the stream of an instrument.</summary>
    /// <param name="source">The instrument.</param>
    /// <param name="isDelta">Whether counters are told as deltas.</param>
    /// <param name="began">When watching began, in seconds since the Unix epoch.</param>
    /// <param name="owner">Whose it is.</param>
    public static PushStream Create(CollectedInstrument source, bool isDelta, double began, object owner) =>
        source.IsInteger ? new PushStream<long>(source, isDelta, began, owner) : new PushStream<double>(source, isDelta, began, owner);

    /// <summary>After the collection: makes room for every series, and settles what the SDK will be told.</summary>
    public abstract void Prepare();

    /// <summary>After the push: notes whether the receiver has it.</summary>
    public abstract void Settle(bool received);

    public abstract void Dispose();
}

/// <summary>A stream whose numbers are <typeparamref name="T"/>, which is <see cref="long"/> or <see cref="double"/>.</summary>
internal sealed class PushStream<T>(CollectedInstrument source, bool isDelta, double began, object owner) : PushStream(source, owner)
    where T : struct, INumber<T>
{
    /// <summary>Minimum number of slots of a stream; a slot costs about 200 bytes.</summary>
    private const int MinRoom = 64;

    /// <summary>For how many collections a series that is not observed any more is remembered: a reading that fails once must not start a delta anew.</summary>
    private const int Remembered = 3;

    private readonly Dictionary<KeyValuePair<string, object?>[], PushedSeries<T>> _series = new(AttributeComparer.Instance);
    private readonly List<PushedSeries<T>> _current = [];
    private readonly bool _isDeltaCounter = isDelta && source.Kind == InstrumentKind.Counter;
    private long _collection;
    private long _previous;
    private Meter? _meter;
    private int _meters;
    private int _taken;

    public override int Renewals => Math.Max(0, _meters - 1);

    public override void Begin()
    {
        _collection++;
        _current.Clear();
    }

    public override void Record(long value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => Note(T.CreateChecked(value), tags);

    public override void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => Note(T.CreateChecked(value), tags);

    public override void Discard() => _current.Clear();

    public override void Prepare()
    {
        // A call that hangs may still write; its instrument is left out of this push.
        if (!IsComplete)
        {
            if (isDelta)
            {
                // The SDK gets no series this time, and so forgets all.
                (_previous, _taken) = (0, 0);
            }

            return;
        }

        int needed = Needed();
        if (needed > Room)
        {
            // Cumulative streams hold all series that ever were; the new stream holds those of living processes.
            Renew(Math.Max(MinRoom, 2 * (isDelta ? needed : _current.Count)));
        }

        foreach (PushedSeries<T> series in _current)
        {
            bool isHeld = Holds(series);
            _taken += isHeld ? 0 : 1;
            series.Tell(_isDeltaCounter ? RunningTotal(series, isHeld) : series.Value);
            series.Meter = _meters;
            series.ToldIn = _collection;
        }
    }

    public override void Settle(bool received)
    {
        if (!IsComplete)
        {
            return;
        }

        _previous = _collection;
        foreach (PushedSeries<T> series in _current)
        {
            if (received)
            {
                series.Received = series.Value;
            }
        }

        if (isDelta)
        {
            // What it was not told of this time, the SDK forgets.
            _taken = _current.Count;
        }

        if (_series.Count > _current.Count)
        {
            foreach ((KeyValuePair<string, object?>[] attributes, PushedSeries<T> series) in _series)
            {
                if (series.SeenIn < _collection - Remembered)
                {
                    _series.Remove(attributes);
                }
            }
        }
    }

    public override void Dispose() => _meter?.Dispose();

    private void Note(T value, ReadOnlySpan<KeyValuePair<string, object?>> attributes)
    {
        if (!_series.GetAlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>>().TryGetValue(attributes, out PushedSeries<T>? series))
        {
            series = new PushedSeries<T>(attributes.ToArray());
            _series.Add(series.Attributes, series);
        }

        if (series.SeenIn != _collection)
        {
            _current.Add(series);
            if (_isDeltaCounter)
            {
                NoteBeginning(series);
            }
        }

        series.SeenIn = _collection;
        series.Value = value;

        // A delta stream reports what happened since watching began. Earlier counts would look like three weeks of work in one minute, after every restart. The same goes for a
        // process that had no series for a while: what it had been told of before is forgotten by now.
        if (_isDeltaCounter && series.ToldIn == 0 && (series.Created < began || Source.HasReturned(attributes)))
        {
            series.Received = value;
        }
    }

    private void NoteBeginning(PushedSeries<T> series)
    {
        if (Source.CreatedTime(series.Attributes) is not { } created)
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

    /// <summary>For a delta, the SDK subtracts the value that it got before. So it gets that value plus the delta that is to arrive.</summary>
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
        series.Meter == _meters && _meters > 0 && (!isDelta || (series.ToldIn == _previous && _previous > 0) || series.Attributes.Length == 0);

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
        _meter?.Dispose();
        _meters++;
        (Room, _taken) = (room, 0);
        Instrument instrument = Source.Instrument;
        _meter = new Meter(new MeterOptions(instrument.Meter.Name) { Version = instrument.Meter.Version, Scope = this });

        // No unit means the same as the unit 1, for which servers that make Prometheus names would append _ratio.
        string? unit = instrument.Unit == "1" ? null : instrument.Unit;
        _ = Source.Kind switch
        {
            InstrumentKind.Counter => _meter.CreateObservableCounter(Name, Repeat, unit, instrument.Description),
            InstrumentKind.Gauge => _meter.CreateObservableGauge(Name, Repeat, unit, instrument.Description),
            _ => (ObservableInstrument<T>)_meter.CreateObservableUpDownCounter(Name, Repeat, unit, instrument.Description),
        };
    }

    private IEnumerable<Measurement<T>> Repeat()
    {
        if (!IsComplete)
        {
            yield break;
        }

        foreach (PushedSeries<T> series in _current)
        {
            yield return series.Told;
        }
    }
}
