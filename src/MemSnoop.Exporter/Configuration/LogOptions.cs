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
    /// <summary>The lowest level that is written. Default value: info.</summary>
    public LogLevel Level { get; set; } = LogLevel.Information;

    /// <summary>The shape of a line. Default value: logfmt.</summary>
    public LogFormat Format { get; set; } = LogFormat.Logfmt;
}

/// <summary>The settings of <see cref="LogOptions"/>.</summary>
internal static class LogSettings
{
    private static readonly ValueSyntax<LogLevel> Level = Syntax.Words(
        "LEVEL", "a level",
        ("debug", Microsoft.Extensions.Logging.LogLevel.Debug), ("info", Microsoft.Extensions.Logging.LogLevel.Information),
        ("warn", Microsoft.Extensions.Logging.LogLevel.Warning), ("error", Microsoft.Extensions.Logging.LogLevel.Error));

    public static ValueSyntax<LogFormat> Format { get; } = Syntax.Words(
        "FORMAT", "a format", ("logfmt", Configuration.LogFormat.Logfmt), ("json", Configuration.LogFormat.Json));

    public static IReadOnlyList<Setting> All { get; } =
    [
        new ScalarSetting<ExporterOptions, LogLevel>("Log:Level", Level, o => o.Log.Level, (o, v) => o.Log.Level = v)
        {
            Options = ["--log.level"],
            Help = "Lowest level to write: debug, info, warn or error.",
        },
        new ScalarSetting<ExporterOptions, LogFormat>("Log:Format", Format, o => o.Log.Format, (o, v) => o.Log.Format = v)
        {
            Options = ["--log.format"],
            Help = "Format of a line: logfmt or json.",
        },
    ];
}
