using MemSnoop.Metrics.Configuration;
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using MemSnoop.Exporter.Collector;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Otlp;
using MemSnoop.Exporter.Tests.Collector;

namespace MemSnoop.Exporter.Tests.Otlp;

/// <summary>Pushing, with a meter of its own over processes that a test makes up.</summary>
internal sealed class PushHost : IDisposable
{
    private static int _meters;

    private readonly MetricCollector? _collector;

    /// <summary>Makes a meter and what pushes it.</summary>
    /// <param name="receiver">Where to.</param>
    /// <param name="configure">Sets options.</param>
    /// <param name="clock">Another clock.</param>
    /// <param name="failed">Told of instruments that failed.</param>
    /// <param name="shared">A meter and a collector for it that there are already.</param>
    public PushHost(
        Uri receiver, Action<OtlpOptions>? configure = null, TimeProvider? clock = null, Action<Instrument>? failed = null, (Meter Meter, MetricCollector Collector)? shared = null)
    {
        Meter = shared?.Meter ?? new Meter($"push{Interlocked.Increment(ref _meters)}");
        Meter.CreateObservableGauge("held", () => Observe(static process => process.Held), "By", "What it holds.");
        Meter.CreateObservableCounter("used", () => Observe(static process => process.Used), "s", "What it has used.");
        OtlpOptions options = new() { Endpoint = receiver };
        configure?.Invoke(options);
        clock ??= new BeginningClock();
        if (shared is null)
        {
            TestSource source = new() { Owns = candidate => candidate == Meter, CreatedTime = CreatedTime, HasReturned = tags => Find(tags)?.HasReturned == true, ObservationFailed = (instrument, _) => failed?.Invoke(instrument) };
            _collector = new MetricCollector(source, TimeProvider.System, Log);
        }

        ReceiverHandler handler = ReceiverClient.Create(options, TimeProvider.System);
        Push = new OtlpPush(options, [new("service.name", "test")], shared?.Collector ?? _collector!, Ledger, handler, Log, clock, clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000d);
    }

    /// <summary>When watching began, by the clock of these tests.</summary>
    public const double Began = 1_000;

    public Meter Meter { get; }

    public OtlpPush Push { get; }

    public PushLedger Ledger { get; } = new();

    public StateLog Log { get; } = new();

    public ConcurrentDictionary<int, Process> Living { get; } = [];

    public void Dispose()
    {
        Push.Dispose();
        if (_collector is not null)
        {
            _collector.Dispose();
            Meter.Dispose();
        }
    }

    private IEnumerable<Measurement<T>> Observe<T>(Func<Process, T> select)
        where T : struct =>
        Living.OrderBy(static pair => pair.Key).Select(pair => new Measurement<T>(
            select(pair.Value), new KeyValuePair<string, object?>("comm", "sleep"), new KeyValuePair<string, object?>("pid", pair.Key)));

    private double? CreatedTime(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags) => Find(tags)?.Created;

    private Process? Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach ((string key, object? value) in tags)
        {
            if (key == "pid")
            {
                return Living.GetValueOrDefault((int)value!);
            }
        }

        return null;
    }

    /// <summary>Its wall clock stands at the beginning.</summary>
    private sealed class BeginningClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddSeconds(Began);
    }

    internal sealed class Process
    {
        public double Created { get; init; } = Began + 1;

        /// <summary>Whether it has had series before, and none in between.</summary>
        public bool HasReturned { get; set; }

        public long Held { get; set; }

        public double Used { get; set; }
    }
}
