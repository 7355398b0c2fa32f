using MemSnoop.Metrics.Configuration;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Configuration;

/// <summary>The shape of a log line.</summary>
internal enum LogFormat
{
    /// <summary><c>ts=… level=… msg=…</c>, as Prometheus and its exporters write.</summary>
    Logfmt,

    /// <summary>One JSON object a line.</summary>
    Json,
}

/// <summary>The log on standard error.</summary>
internal sealed class LogOptions
{
    /// <summary>The least level that is written. Default value: info.</summary>
    public LogLevel Level { get; set; } = LogLevel.Information;

    /// <summary>The shape of a line. Default value: logfmt.</summary>
    public LogFormat Format { get; set; } = LogFormat.Logfmt;
}
