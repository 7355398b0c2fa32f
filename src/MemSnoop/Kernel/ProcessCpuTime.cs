namespace MemSnoop.Kernel;

/// <summary>
/// CPU time of a process, all of its threads, ended ones included (<c>clock_getcpuclockid(3)</c>): what stat says in
/// ticks, in nanoseconds. That of a running thread is as of the last tick.
/// </summary>
internal static class ProcessCpuTime
{
    /// <summary>CPUCLOCK_SCHED of <c>include/linux/posix-timers_types.h</c>: user and system time, as the scheduler counts it.</summary>
    private const int SchedulerClock = 2;

    /// <summary>Nanoseconds so far; false when there is no such process any more.</summary>
    internal static bool TryGet(int pid, out ulong nanoseconds)
    {
        // A clock that belongs to a process is the complement of its pid, above three bits that say which one.
        bool exists = Libc.ClockGetTime((~pid << 3) | SchedulerClock, out Libc.TimeSpecification time) == 0;
        nanoseconds = exists ? ((ulong)time.Seconds * 1_000_000_000) + (ulong)time.Nanoseconds : 0;
        return exists;
    }
}
