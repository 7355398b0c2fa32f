using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace MemSnoop.Exporter.Logging;

/// <summary>Where the log goes, and its format.</summary>
internal static class MemSnoopLogging
{
    /// <summary>Logs to standard error, so that standard output is free for answers.</summary>
    public static ILoggingBuilder AddMemSnoopLogging(this ILoggingBuilder builder, LogOptions options)
    {
        builder.ClearProviders();
        builder.SetMinimumLevel(options.Level);
        // The web server's own lines (one per request) are written at level debug only.
        builder.AddFilter("Microsoft", level => level >= (options.Level <= LogLevel.Debug ? LogLevel.Debug : LogLevel.Warning) && level >= options.Level);
        // A failed start is thrown as well as logged. The user gets one line about it, from the command line's own handler.
        builder.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        builder.AddConsole(console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            console.FormatterName = options.Format == LogFormat.Json ? ConsoleFormatterNames.Json : LogfmtConsoleFormatter.FormatterName;
        });

        // Not AddConsoleFormatter, which binds options by reflection; this formatter has none.
        builder.Services.AddSingleton<ConsoleFormatter>(new LogfmtConsoleFormatter(TimeProvider.System));
        builder.Services.Configure<JsonConsoleFormatterOptions>(json =>
        {
            json.UseUtcTimestamp = true;
            json.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
        });
        return builder;
    }
}
