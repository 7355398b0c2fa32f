using MemSnoop.Metrics.Configuration;
using System.Diagnostics.Metrics;
using MemSnoop.Exporter.Configuration;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Otlp;

/// <summary>Discovers the instruments that are pushed.</summary>
internal sealed class PushedInstruments : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, PushedInstrument> _byName = new(StringComparer.Ordinal);
    private readonly MeterListener _discovery = new();
    private PushedInstrument[]? _current;

    public PushedInstruments(OtlpTemporality temporality, PushSources sources, object owner, ILogger log)
    {
        _discovery.InstrumentPublished = (instrument, _) =>
        {
            if (sources.MeterFilter(instrument.Meter) && PushedInstrument.Create(instrument, temporality, sources, owner, log) is { } pushed)
            {
                Add(pushed);
            }
        };
        _discovery.Start();
    }

    /// <summary>The instruments there are now, by name.</summary>
    public PushedInstrument[] Current
    {
        get
        {
            lock (_gate)
            {
                return _current ??= [.. _byName.Values];
            }
        }
    }

    public void Dispose()
    {
        _discovery.Dispose();
        foreach (PushedInstrument instrument in Current)
        {
            instrument.Dispose();
        }
    }

    private void Add(PushedInstrument instrument)
    {
        lock (_gate)
        {
            _byName[instrument.Name] = instrument;
            _current = null;
        }

        instrument.Enable(Remove);
    }

    private void Remove(PushedInstrument instrument)
    {
        lock (_gate)
        {
            if (_byName.GetValueOrDefault(instrument.Name) == instrument)
            {
                _byName.Remove(instrument.Name);
            }

            _current = null;
        }
    }
}
