using MemSnoop.Metrics.Configuration;
namespace MemSnoop.Exporter.Configuration;

/// <summary>The HTTP endpoint.</summary>
internal sealed class WebOptions
{
    /// <summary>Where to listen. Default value: 0.0.0.0:9464, every interface.</summary>
    public IReadOnlyList<ListenAddress> Listen { get; set; } = [new("0.0.0.0", ListenAddress.DefaultPort)];

    /// <summary>The path under which metrics are served. Default value: /metrics.</summary>
    public string TelemetryPath { get; set; } = "/metrics";

    /// <summary>Scrapes answered at the same time, more get 503; 0 means no limit. Default value: 40.</summary>
    public int MaxRequests { get; set; } = 40;

    /// <summary>How long an answer is given again to the next scraper; 0s means never. Default value: 300ms.</summary>
    public Duration CacheDuration { get; set; } = new(300);

    /// <summary>Put the labels <c>otel_scope_name</c> and <c>otel_scope_version</c> on every series. Default value: false.</summary>
    public bool ScopeLabels { get; set; }

    /// <summary>Write a <c>_created</c> line for every counter in OpenMetrics. Default value: false.</summary>
    public bool CreatedSeries { get; set; }

    /// <summary>Leave out the metrics about the exporter itself. Default value: false.</summary>
    public bool DisableExporterMetrics { get; set; }
}
