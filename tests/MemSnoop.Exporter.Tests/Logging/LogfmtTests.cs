using MemSnoop.Metrics.Configuration;
using System.Text.Json;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Logging;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Exporter.Tests.Logging;

public class LogfmtTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "\"\"")]
    [InlineData("two words", "\"two words\"")]
    [InlineData("a=b", "\"a=b\"")]
    [InlineData("say \"hi\"", "\"say \\\"hi\\\"\"")]
    [InlineData("C:\\x", "\"C:\\\\x\"")]
    [InlineData("line\nline\r\ttab", "\"line\\nline\\r\\ttab\"")]
    [InlineData("\u001b[31m", "\"\\u001b[31m\"")]
    [InlineData("é", "é")]
    [InlineData("\u2028", "\"\\u2028\"")]
    [InlineData("\ud83d\ude00", "\"\ud83d\ude00\"")]
    public void Values_are_quoted_where_they_must_be(string value, string expected)
    {
        var text = new StringWriter();
        LogfmtWriter.Write(text, "k", value.AsSpan());
        Assert.Equal($"k={expected}", text.ToString());
    }

    [Fact]
    public void Half_a_character_becomes_the_replacement_character()
    {
        var text = new StringWriter();
        LogfmtWriter.Write(text, "k", ['\ud83d']);
        Assert.Equal("k=\"\ufffd\"", text.ToString());
    }

    [Theory]
    [InlineData("Pid", "pid")]
    [InlineData("WorkingSetBytes", "working_set_bytes")]
    [InlineData("already_so", "already_so")]
    [InlineData("a b=c\"", "a_b_c_")]
    [InlineData("", "_")]
    public void Keys_are_written_as_the_field_writes_them(string key, string expected)
    {
        var text = new StringWriter();
        LogfmtWriter.Write(text, key, 1.5);
        Assert.Equal($"{expected}=1.5", text.ToString());
    }

    [Fact]
    public void An_event_is_one_line()
    {
        var formatter = new LogfmtConsoleFormatter(new FakeTimeProvider(new DateTimeOffset(2026, 1, 31, 12, 0, 0, 7, TimeSpan.Zero)));
        var text = new StringWriter();
        KeyValuePair<string, object?>[] state = [new("Pid", 42), new("Comm", "a b"), new("Reason", null), new("Live", true), new("{OriginalFormat}", "lost {Pid}")];
        var entry = new LogEntry<KeyValuePair<string, object?>[]>(LogLevel.Warning, "MemSnoop.Sampler", 1, state, new IOException("no\nluck"), (_, _) => "lost 42");
        formatter.Write(entry, null, text);
        Assert.Equal(
            "ts=2026-01-31T12:00:00.007Z level=warn msg=\"lost 42\" comm=\"a b\" reason=null live=true"
            + " err=\"IOException: no\\nluck\" logger=MemSnoop.Sampler\n",
            text.ToString());
    }

    [Theory]
    [InlineData("lost {Pid}", "")]
    [InlineData("lost {Pid:x}", "")]
    [InlineData("lost {Pid,5}", "")]
    [InlineData("lost {PidNamespace}", " pid=42")]
    [InlineData("lost Pid", " pid=42")]
    [InlineData("{PidNamespace} lost {Pid}", "")]
    public void A_key_does_not_repeat_the_message(string template, string keys)
    {
        var text = new StringWriter();
        KeyValuePair<string, object?>[] state = [new("Pid", 42), new("{OriginalFormat}", template)];
        new LogfmtConsoleFormatter(new FakeTimeProvider()).Write(new LogEntry<KeyValuePair<string, object?>[]>(LogLevel.Warning, "c", 1, state, null, (_, _) => "m"), null, text);
        Assert.EndsWith($" msg=m{keys} logger=c\n", text.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(LogLevel.Trace, "debug")]
    [InlineData(LogLevel.Debug, "debug")]
    [InlineData(LogLevel.Information, "info")]
    [InlineData(LogLevel.Error, "error")]
    [InlineData(LogLevel.Critical, "error")]
    public void Levels_have_the_names_that_log_level_takes(LogLevel level, string name)
    {
        var text = new StringWriter();
        new LogfmtConsoleFormatter(new FakeTimeProvider()).Write(new LogEntry<string>(level, "c", 1, "", null, (_, _) => "m"), null, text);
        Assert.Contains($" level={name} msg=m ", text.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("logfmt")]
    [InlineData("json")]
    public void Both_formats_are_wired_to_the_console(string name)
    {
        LogFormat format = LogSettings.Format.Parse(new SettingText(name, "--log.format"));
        using ServiceProvider services = Services(new LogOptions { Format = format });
        ConsoleLoggerOptions console = services.GetRequiredService<Microsoft.Extensions.Options.IOptions<ConsoleLoggerOptions>>().Value;
        Assert.Equal(LogLevel.Trace, console.LogToStandardErrorThreshold);
        ConsoleFormatter formatter = services.GetServices<ConsoleFormatter>().Single(each => each.Name == console.FormatterName);
        var text = new StringWriter();
        formatter.Write(new LogEntry<string>(LogLevel.Information, "c", 1, "s", null, (_, _) => "hello"), null, text);
        if (format == LogFormat.Json)
        {
            using JsonDocument json = JsonDocument.Parse(text.ToString());
            Assert.Equal("hello", json.RootElement.GetProperty("Message").GetString());
            Assert.EndsWith("Z", json.RootElement.GetProperty("Timestamp").GetString(), StringComparison.Ordinal);
        }
        else
        {
            Assert.StartsWith("ts=", text.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(LogLevel.Debug, "MemSnoop.X", LogLevel.Debug, true)]
    [InlineData(LogLevel.Information, "MemSnoop.X", LogLevel.Debug, false)]
    [InlineData(LogLevel.Information, "Microsoft.AspNetCore.Hosting", LogLevel.Information, false)]
    [InlineData(LogLevel.Information, "Microsoft.AspNetCore.Hosting", LogLevel.Warning, true)]
    [InlineData(LogLevel.Debug, "Microsoft.AspNetCore.Hosting", LogLevel.Debug, true)]
    [InlineData(LogLevel.Error, "Microsoft.AspNetCore.Hosting", LogLevel.Warning, false)]
    public void The_level_decides_what_is_written(LogLevel configured, string category, LogLevel level, bool written)
    {
        using ServiceProvider services = Services(new LogOptions { Level = configured });
        Assert.Equal(written, services.GetRequiredService<ILoggerFactory>().CreateLogger(category).IsEnabled(level));
    }

    private static ServiceProvider Services(LogOptions options) =>
        new ServiceCollection().AddLogging(builder => builder.AddMemSnoopLogging(options)).BuildServiceProvider();
}
