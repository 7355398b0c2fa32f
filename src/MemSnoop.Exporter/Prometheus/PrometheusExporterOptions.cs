using System.Diagnostics.Metrics;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>When the series began to count, in seconds since the Unix epoch; null when that is not known.</summary>
/// <param name="instrument">A counter.</param>
/// <param name="tags">The tags of one of its measurements. Not valid after the call.</param>
internal delegate double? CreatedTime(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags);

/// <summary>
/// What the scraping endpoint publishes, and within which bounds. It publishes observable counters, gauges and up-down counters.
/// Instruments that are pushed (plain counters and gauges, histograms) are not published: their series would have to be remembered for
/// ever, while those of an observable instrument end with the process, disk or container they describe.
/// </summary>
internal sealed class PrometheusExporterOptions
{
    /// <summary>
    /// Chooses the meters whose instruments are published.
    /// Default value: all meters of the process.
    /// </summary>
    public Func<Meter, bool> MeterFilter { get; set; } = static _ => true;

    /// <summary>
    /// Attributes of the process that is scraped, published as the labels of <c>target_info</c>. Without any there is no such family.
    /// Default value: none.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, object>> ResourceAttributes { get; set; } = [];

    /// <summary>
    /// Whether every sample bears <c>otel_scope_name</c>, the scope's version and schema URL where set, and the meter's tags. An exporter
    /// with one meter gains nothing from them.
    /// Default value: false.
    /// </summary>
    public bool ScopeLabels { get; set; }

    /// <summary>
    /// Whether OpenMetrics texts tell with a <c>_created</c> line when a counter began. A server without the feature to read them stores
    /// each as a series of its own.
    /// Default value: false.
    /// </summary>
    public bool CreatedSeries { get; set; }

    /// <summary>
    /// Says when a counter's series began; where it answers null, or is not set, there is no <c>_created</c> line.
    /// Default value: null.
    /// </summary>
    public CreatedTime? CreatedTime { get; set; }

    /// <summary>
    /// For how long a finished collection is served again instead of running the callbacks anew. Zero turns this off; scrapes that arrive
    /// while a collection runs share it all the same.
    /// Default value: 300 ms.
    /// </summary>
    public TimeSpan CacheDuration { get; set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// The longest text that is served, in bytes before compression; a scrape that would need more is answered with status 500.
    /// At most 1,073,741,824.
    /// Default value: 174,080,000, which is 85,000 bytes doubled eleven times, the bound of the OpenTelemetry package.
    /// </summary>
    public long MaxBodyBytes { get; set; } = 174_080_000;

    /// <summary>
    /// How many scrapes may be in progress at once, those that are still sending included; further ones are answered with status 503.
    /// Zero sets no bound.
    /// Default value: 40.
    /// </summary>
    public int MaxRequests { get; set; } = 40;

    /// <summary>
    /// How long one instrument's callback may take. After that the scrape goes on without it, and so do all others until it returns.
    /// Default value: 5 s.
    /// </summary>
    public TimeSpan CallbackBudget { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long all callbacks of a collection may take together. What has not been observed by then is left out.
    /// Default value: 8 s, so that an answer reaches a server which gives a scrape its usual 10 s.
    /// </summary>
    public TimeSpan CollectionBudget { get; set; } = TimeSpan.FromSeconds(8);

    /// <summary>
    /// Called once right before the callbacks of each collection, on the thread of the first and within <see cref="CallbackBudget"/>. When it throws
    /// or overruns, the collection fails.
    /// Default value: null.
    /// </summary>
    public Action? Collecting { get; set; }

    /// <summary>
    /// Held while the callbacks of a collection run, where another exporter runs the same callbacks and shall not do so at the same time.
    /// Default value: null.
    /// </summary>
    public SemaphoreSlim? Turn { get; set; }

    /// <summary>
    /// Names the collector that an instrument belongs to, for the parameters <c>collect[]</c> and <c>exclude[]</c>; null for instruments
    /// that belong to none and are always published. Those are observed last, with a second of their own if need be, so that they can report on
    /// how the collectors fared. Asked once per instrument.
    /// Default value: null, which leaves the parameters no name to know.
    /// </summary>
    public Func<Instrument, string?>? CollectorOf { get; set; }

    /// <summary>
    /// Told when an instrument is left out of a collection because its callback threw, overran its time (a <see cref="TimeoutException"/>)
    /// or still hangs. It is called before the callbacks that follow, so that they can publish the failure in the same scrape; the calls of
    /// one collection come one after another, from any thread.
    /// Default value: null.
    /// </summary>
    public Action<Instrument, Exception>? ObservationFailed { get; set; }
}
