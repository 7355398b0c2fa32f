using MemSnoop.Metrics.Configuration;
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Otlp;

namespace MemSnoop.Exporter.Tests.Otlp;

/// <summary>Pushing, with a meter of its own over processes that a test makes up.</summary>
internal sealed class PushHost : IDisposable
{
    private static int _meters;

    private readonly bool _ownsMeter;

    public PushHost(Uri receiver, Action<OtlpOptions>? configure = null, TimeProvider? clock = null, PushSources? sources = null, Meter? meter = null)
    {
        Meter = meter ?? new Meter($"push{Interlocked.Increment(ref _meters)}");
        _ownsMeter = meter is null;
        Meter.CreateObservableGauge("held", () => Observe(static process => process.Held), "By", "What it holds.");
        Meter.CreateObservableCounter("used", () => Observe(static process => process.Used), "s", "What it has used.");
        OtlpOptions options = new() { Endpoint = receiver };
        configure?.Invoke(options);
        Sources = (sources ?? new PushSources { MeterFilter = static _ => false, Began = Began, CreatedTime = CreatedTime }) with
        {
            MeterFilter = candidate => candidate == Meter,
        };
        ReceiverHandler handler = ReceiverClient.Create(options, TimeProvider.System);
        Push = new OtlpPush(options, [new("service.name", "test")], Sources, Ledger, handler, Log, clock ?? TimeProvider.System);
    }

    /// <summary>When watching began, by the clock of these tests.</summary>
    public const double Began = 1_000;

    public Meter Meter { get; }

    public PushSources Sources { get; }

    public OtlpPush Push { get; }

    public PushLedger Ledger { get; } = new();

    public StateLog Log { get; } = new();

    public ConcurrentDictionary<int, Process> Living { get; } = [];

    public void Dispose()
    {
        Push.Dispose();
        if (_ownsMeter)
        {
            Meter.Dispose();
        }
    }

    private IEnumerable<Measurement<T>> Observe<T>(Func<Process, T> select)
        where T : struct =>
        Living.OrderBy(static pair => pair.Key).Select(pair => new Measurement<T>(
            select(pair.Value), new KeyValuePair<string, object?>("comm", "sleep"), new KeyValuePair<string, object?>("pid", pair.Key)));

    private double? CreatedTime(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach ((string key, object? value) in tags)
        {
            if (key == "pid")
            {
                return Living.TryGetValue((int)value!, out Process? process) ? process.Created : null;
            }
        }

        return null;
    }

    internal sealed class Process
    {
        public double Created { get; init; } = Began + 1;

        public long Held { get; set; }

        public double Used { get; set; }
    }
}
