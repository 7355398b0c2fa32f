using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace MemSnoop.Exporter.Logging;

/// <summary>One event, one line: <c>ts=2026-01-31T12:00:00.000Z level=info msg="watching processes" count=12 logger=…</c>.</summary>
internal sealed class LogfmtConsoleFormatter(TimeProvider clock) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "memsnoop-logfmt";

    // The message with its holes; it would only repeat msg.
    private const string TemplateKey = "{OriginalFormat}";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        LogfmtWriter.Write(textWriter, "ts", clock.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture).AsSpan());
        textWriter.Write(' ');
        LogfmtWriter.Write(textWriter, "level", LevelName(logEntry.LogLevel).AsSpan());
        textWriter.Write(' ');
        LogfmtWriter.Write(textWriter, "msg", logEntry.Formatter(logEntry.State, null).AsSpan());
        if (logEntry.State is IReadOnlyList<KeyValuePair<string, object?>> pairs)
        {
            foreach ((string key, object? value) in pairs)
            {
                if (key != TemplateKey)
                {
                    textWriter.Write(' ');
                    LogfmtWriter.Write(textWriter, key, value);
                }
            }
        }

        if (logEntry.Exception is Exception error)
        {
            // Type and message of the cause: what an operator acts on. A stack is for a debugger.
            Exception cause = error.GetBaseException();
            textWriter.Write(' ');
            LogfmtWriter.Write(textWriter, "err", $"{cause.GetType().Name}: {cause.Message}".AsSpan());
        }

        textWriter.Write(' ');
        LogfmtWriter.Write(textWriter, "logger", logEntry.Category.AsSpan());
        textWriter.Write('\n');
    }

    private static string LevelName(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Warning => "warn",
        LogLevel.Error or LogLevel.Critical => "error",
        _ => "info",
    };
}
