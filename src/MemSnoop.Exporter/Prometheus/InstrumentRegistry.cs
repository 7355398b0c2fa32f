using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Discovers the instruments that are published and gives each a reader.</summary>
internal sealed partial class InstrumentRegistry : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<InstrumentReader> _readers = [];
    private readonly HashSet<string> _logged = new(StringComparer.Ordinal);
    private readonly MeterListener _discovery = new();
    private readonly PrometheusExporterOptions _options;
    private readonly TargetInfo _target;
    private readonly ILogger<InstrumentRegistry> _log;
    private ExpositionPlan? _plan;

    public InstrumentRegistry(PrometheusExporterOptions options, TargetInfo target, ILogger<InstrumentRegistry> log)
    {
        _options = options;
        _target = target;
        _log = log;
        _discovery.InstrumentPublished = (instrument, _) => Add(instrument);
        _discovery.Start();
    }

    /// <summary>The families of all instruments there are now.</summary>
    public ExpositionPlan Plan
    {
        get
        {
            lock (_gate)
            {
                return _plan ??= ExpositionPlan.Build(_readers, _target, _options.CreatedSeries, LogOnce);
            }
        }
    }

    public void Dispose()
    {
        _discovery.Dispose();
        InstrumentReader[] readers;
        lock (_gate)
        {
            readers = [.. _readers];
        }

        foreach (InstrumentReader reader in readers)
        {
            reader.Dispose();
        }
    }

    private void Add(Instrument instrument)
    {
        if (TypeOf(instrument) is not { } type || !_options.MeterFilter(instrument.Meter))
        {
            return;
        }

        if (!MetricName.IsValidInstrumentName(instrument.Name))
        {
            LogOnce($"no valid instrument name: {instrument.Name}");
            return;
        }

        InstrumentReader reader = new(instrument, type, _options, _log);
        lock (_gate)
        {
            _readers.Add(reader);
            _plan = null;
        }

        reader.Enable(Remove);
    }

    private void Remove(InstrumentReader reader)
    {
        lock (_gate)
        {
            _readers.Remove(reader);
            _plan = null;
        }
    }

    private static MetricType? TypeOf(Instrument instrument)
    {
        Type type = instrument.GetType();
        Type? generic = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        return generic == typeof(ObservableCounter<>) ? MetricType.Counter
            : generic == typeof(ObservableGauge<>) || generic == typeof(ObservableUpDownCounter<>) ? MetricType.Gauge
            : null;
    }

    private void LogOnce(string problem)
    {
        lock (_gate)
        {
            if (!_logged.Add(problem))
            {
                return;
            }
        }

        LogProblem(problem);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Metrics not published as declared: {Problem}")]
    private partial void LogProblem(string problem);
}
