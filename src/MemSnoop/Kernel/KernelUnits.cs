namespace MemSnoop.Kernel;

/// <summary>The units in which this kernel counts.</summary>
/// <param name="ClockTicksPerSecond">
/// USER_HZ, the unit of times in <c>/proc/PID/stat</c>: 100 on every common architecture, but read from <c>sysconf(3)</c>.
/// </param>
/// <param name="PageBytes">The size of a base page: 4,096 on x86-64, up to 65,536 on arm64.</param>
public readonly record struct KernelUnits(ulong ClockTicksPerSecond, ulong PageBytes)
{
    /// <summary>The units of the running system.</summary>
    public static KernelUnits Current { get; } = new(
        (ulong)Libc.SystemConfiguration(Libc.ConfigurationClockTicks),
        (ulong)Environment.SystemPageSize);

    /// <summary>Clock ticks as seconds.</summary>
    public double Seconds(ulong ticks) => (double)ticks / ClockTicksPerSecond;

    /// <summary>Pages as bytes.</summary>
    public ulong Bytes(ulong pages) => pages * PageBytes;
}
