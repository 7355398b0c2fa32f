namespace MemSnoop.Exporter.Prometheus;

/// <summary>What the scraping endpoint publishes beside the instruments, and within which bounds.</summary>
internal sealed record PrometheusOptions
{
    /// <summary>
    /// Attributes of the process that is scraped, published as the labels of <c>target_info</c>. Without any there is no such family.
    /// Default value: none.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, object>> ResourceAttributes { get; init; } = [];

    /// <summary>
    /// Whether every sample bears <c>otel_scope_name</c>, and the scope's version and schema URL where set. They tell the two meters of this
    /// program apart, whose names the series already begin with.
    /// Default value: false.
    /// </summary>
    public bool ScopeLabels { get; init; }

    /// <summary>
    /// Whether OpenMetrics texts tell with a <c>_created</c> line when a counter began, where that is known. A server without the feature to
    /// read them stores each as a series of its own.
    /// Default value: false.
    /// </summary>
    public bool CreatedSeries { get; init; }

    /// <summary>
    /// What names are like for a server that takes names of any characters. Prometheus 3 does; with names of another style it would store other series.
    /// Default value: <see cref="NameStyle.Underscores"/>.
    /// </summary>
    public NameStyle Names { get; init; }

    /// <summary>
    /// Whether OpenMetrics 2.0 is sent to who asks for it. It is a candidate and may change.
    /// Default value: false.
    /// </summary>
    public bool OpenMetrics2 { get; init; }

    /// <summary>
    /// For how long a finished collection is served again instead of running the callbacks anew. Zero turns this off; scrapes that arrive
    /// while a collection runs share it all the same.
    /// Default value: 300 ms.
    /// </summary>
    public TimeSpan CacheDuration { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// The longest text that is served, in bytes before compression; a scrape that would need more is answered with status 500.
    /// Default value: 174,080,000, which is 85,000 bytes doubled eleven times, the bound of the OpenTelemetry package. More than 2^30 would
    /// be more than a buffer that doubles can hold.
    /// </summary>
    public long MaxBodyBytes { get; init; } = 174_080_000;

    /// <summary>
    /// How many scrapes may wait for their collection at once; further ones wait for a second, and are then answered with status 503. As many answers may be sent at
    /// once; after a second the oldest one is broken off for a further one.
    /// Zero sets no bound.
    /// Default value: 40.
    /// </summary>
    public int MaxRequests { get; init; } = 40;
}
