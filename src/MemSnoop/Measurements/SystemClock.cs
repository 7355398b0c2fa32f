using MemSnoop.Kernel;
using MemSnoop.ProcFs;

namespace MemSnoop.Measurements;

/// <summary>
/// Boot time and uptime, by the clock of process start times. Both are NaN if they cannot be read.
/// </summary>
public sealed class SystemClock
{
    private readonly KernelPaths _paths;
    private readonly KernelBuffer _buffer = new();

    /// <summary>Reads the boot time once; it is constant unless the wall clock is set.</summary>
    public SystemClock(KernelPaths paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        _paths = paths;
        BootTimeSeconds = KernelFile.ReadToEnd(paths.Proc("stat"), _buffer, out ReadOnlySpan<byte> text) == ReadOutcome.Success
            && SystemStat.TryParse(text, out SystemStat stat) ? stat.BootTimeSeconds : double.NaN;
        Refresh();
    }

    /// <summary>Boot time in seconds since the Unix epoch (<c>btime</c> of <c>proc_stat(5)</c>).</summary>
    public double BootTimeSeconds { get; }

    /// <summary>Time since boot in seconds as of the last refresh (<c>proc_uptime(5)</c>).</summary>
    public double UptimeSeconds { get; private set; }

    /// <summary>Reads the uptime again.</summary>
    public void Refresh() =>
        UptimeSeconds = KernelFile.ReadToEnd(_paths.Proc("uptime"), _buffer, out ReadOnlySpan<byte> text) == ReadOutcome.Success
            && Uptime.TryParse(text, out Uptime uptime) ? uptime.UptimeSeconds : double.NaN;
}
