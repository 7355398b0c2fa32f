using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace MemSnoop.Exporter.Logging;

/// <summary>One event, one line: <c>ts=2026-01-31T12:00:00.000Z level=info msg="watching processes" count=12 logger=…</c>.</summary>
internal sealed class LogfmtConsoleFormatter(TimeProvider clock) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "memsnoop-logfmt";

    // The message before its holes are filled. Microsoft.Extensions.Logging gives it under this key, beside the values of the holes.
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
            ReadOnlySpan<char> template = Template(pairs);
            foreach ((string key, object? value) in pairs)
            {
                if (key != TemplateKey && !HasHole(template, key))
                {
                    textWriter.Write(' ');
                    LogfmtWriter.Write(textWriter, key, value);
                }
            }
        }

        if (logEntry.Exception is Exception error)
        {
            // Type and message of the cause: an operator can act on these. A stack trace is for debugging.
            Exception cause = error.GetBaseException();
            textWriter.Write(' ');
            LogfmtWriter.Write(textWriter, "err", $"{cause.GetType().Name}: {cause.Message}".AsSpan());
        }

        textWriter.Write(' ');
        LogfmtWriter.Write(textWriter, "logger", logEntry.Category.AsSpan());
        textWriter.Write('\n');
    }

    private static ReadOnlySpan<char> Template(IReadOnlyList<KeyValuePair<string, object?>> pairs)
    {
        foreach ((string key, object? value) in pairs)
        {
            if (key == TemplateKey)
            {
                return value as string;
            }
        }

        return default;
    }

    /// <summary>Whether the message shows the value of this key: its hole is <c>{Key}</c>, <c>{Key:format}</c> or <c>{Key,width}</c>.</summary>
    private static bool HasHole(ReadOnlySpan<char> template, ReadOnlySpan<char> key)
    {
        for (int at; !key.IsEmpty && (at = template.IndexOf(key, StringComparison.Ordinal)) >= 0; template = template[(at + 1)..])
        {
            int end = at + key.Length;
            if (at > 0 && template[at - 1] == '{' && end < template.Length && template[end] is ('}' or ':' or ','))
            {
                return true;
            }
        }

        return false;
    }

    private static string LevelName(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Warning => "warn",
        LogLevel.Error or LogLevel.Critical => "error",
        _ => "info",
    };
}
