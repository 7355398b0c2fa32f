using System.Diagnostics.Metrics;
using System.Globalization;
using MemSnoop.Metrics.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Exporter.Tests.Sampling;

/// <summary>A pipeline over a tree of files, and all series of each collection.</summary>
internal sealed class ObservedSeries : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly FakeTimeProvider _clock;
    private Dictionary<string, double> _series = [];

    public ObservedSeries(ContainerTree tree, ILoggerProvider log)
    {
        _clock = tree.Clock;
        Meter meter = new(SamplingPipeline.MeterName);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == meter)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.Start();
        Pipeline = new SamplingPipeline(tree.Host(), meter, LoggerFactory.Create(builder => builder.AddProvider(log)), tree.Clock);
        Pipeline.Begin();
    }

    public SamplingPipeline Pipeline { get; }

    /// <summary>The series of one collection, two seconds after the one before: by name and attributes, as <c>name{key=value,...}</c>.</summary>
    public IReadOnlyDictionary<string, double> Read()
    {
        _clock.Advance(TimeSpan.FromSeconds(2));
        _series = [];
        Pipeline.CollectionNumber.Begin();
        _listener.RecordObservableInstruments();
        return _series;
    }

    /// <summary>The processes that have series in one collection.</summary>
    public int[] ReadPids() => PidsIn(Read());

    public static int[] PidsIn(IReadOnlyDictionary<string, double> series) =>
    [
        .. from name in series.Keys
           from attribute in name[(name.IndexOf('{', StringComparison.Ordinal) + 1)..^1].Split(',')
           where attribute.StartsWith("pid=", StringComparison.Ordinal)
           group name by int.Parse(attribute.AsSpan(4), CultureInfo.InvariantCulture) into process
           orderby process.Key
           select process.Key,
    ];

    public void Dispose()
    {
        _listener.Dispose();
        Pipeline.Dispose();
    }

    private void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        List<string> attributes = [];
        foreach ((string key, object? attribute) in tags)
        {
            attributes.Add(string.Create(CultureInfo.InvariantCulture, $"{key}={attribute}"));
        }

        _series.Add($"{instrument.Name}{{{string.Join(',', attributes)}}}", value);
    }
}
