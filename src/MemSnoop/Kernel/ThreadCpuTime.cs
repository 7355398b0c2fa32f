namespace MemSnoop.Kernel;

/// <summary>CPU time of the calling thread, user and system (<c>clock_gettime(2)</c>, CLOCK_THREAD_CPUTIME_ID).</summary>
internal static class ThreadCpuTime
{
    /// <summary>The time so far; means something only as a difference taken on one thread.</summary>
    internal static TimeSpan Now =>
        Libc.ClockGetTime(Libc.ClockThreadCpuTime, out Libc.TimeSpecification time) == 0
            ? TimeSpan.FromTicks((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / 100))
            : TimeSpan.Zero;
}
