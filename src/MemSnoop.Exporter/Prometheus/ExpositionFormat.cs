namespace MemSnoop.Exporter.Prometheus;

/// <summary>A text format and the Content-Type that names it, escaping as it was done and not as it was asked for.</summary>
internal sealed class ExpositionFormat
{
    public static readonly ExpositionFormat Text004 = new("text/plain; version=0.0.4; charset=utf-8", isOpenMetrics: false);

    public static readonly ExpositionFormat Text100 = new("text/plain; version=1.0.0; charset=utf-8; escaping=underscores", isOpenMetrics: false);

    public static readonly ExpositionFormat OpenMetrics001 = new("application/openmetrics-text; version=0.0.1; charset=utf-8", isOpenMetrics: true);

    public static readonly ExpositionFormat OpenMetrics100 =
        new("application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores", isOpenMetrics: true);

    private ExpositionFormat(string contentType, bool isOpenMetrics)
    {
        ContentType = contentType;
        IsOpenMetrics = isOpenMetrics;
    }

    public string ContentType { get; }

    public bool IsOpenMetrics { get; }
}
