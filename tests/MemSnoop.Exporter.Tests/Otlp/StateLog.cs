using System.Collections.Concurrent;
using MemSnoop.Exporter.Collector;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Tests.Otlp;

/// <summary>Keeps what is logged.</summary>
internal sealed class StateLog : ILogger<MetricCollector>
{
    private readonly ConcurrentQueue<string> _lines = [];

    public IReadOnlyCollection<string> Lines => _lines;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue(formatter(state, exception));
}
