namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>A clock that a test sets, wall time and elapsed time apart, and whose timers never fire.</summary>
internal sealed class ManualClock : TimeProvider
{
    public TimeSpan Elapsed { get; set; }

    public DateTimeOffset WallClock { get; set; } = DateTimeOffset.UnixEpoch;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Elapsed.Ticks;

    public override DateTimeOffset GetUtcNow() => WallClock;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new SleepyTimer();

    private sealed class SleepyTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
