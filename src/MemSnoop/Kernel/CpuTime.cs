namespace MemSnoop.Kernel;

/// <summary>CPU time, user and system, by the clocks of <c>clock_gettime(2)</c>.</summary>
internal static class CpuTime
{
    /// <summary>CPUCLOCK_SCHED of <c>include/linux/posix-timers_types.h</c>: user and system time, as the scheduler counts it.</summary>
    private const int SchedulerClock = 2;

    /// <summary>The time of the calling thread so far (CLOCK_THREAD_CPUTIME_ID); means something only as a difference taken on one thread.</summary>
    internal static TimeSpan OfThisThread =>
        Libc.ClockGetTime(Libc.ClockThreadCpuTime, out Libc.TimeSpecification time) == 0
            ? TimeSpan.FromTicks((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / 100))
            : TimeSpan.Zero;

    /// <summary>
    /// Nanoseconds of a process so far, all of its threads, ended ones included (<c>clock_getcpuclockid(3)</c>): what stat says in
    /// ticks. That of a running thread is as of the last tick. False when there is no such process any more.
    /// </summary>
    internal static bool TryGetOfProcess(int pid, out ulong nanoseconds)
    {
        // A clock that belongs to a process is the complement of its pid, above three bits that say which one.
        bool exists = Libc.ClockGetTime((~pid << 3) | SchedulerClock, out Libc.TimeSpecification time) == 0;
        nanoseconds = exists ? ((ulong)time.Seconds * 1_000_000_000) + (ulong)time.Nanoseconds : 0;
        return exists;
    }
}
