namespace MemSnoop.Kernel;

/// <summary>The time since boot, suspended time included: the clock by which the kernel says when a process started (<c>proc_pid_stat(5)</c>, field 22).</summary>
internal static class BootTime
{
    internal static TimeSpan Now =>
        Libc.ClockGetTime(Libc.ClockBootTime, out Libc.TimeSpecification time) == 0
            ? TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromMicroseconds(time.Nanoseconds / 1000)
            : TimeSpan.MaxValue;
}
