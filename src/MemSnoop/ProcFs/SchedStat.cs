using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>Running and waiting time of the main thread, from <c>/proc/PID/schedstat</c>.</summary>
/// <param name="RunNanoseconds">Time spent running.</param>
/// <param name="WaitNanoseconds">Time spent ready to run, waiting for a processor.</param>
/// <param name="Timeslices">Number of time slices on a processor.</param>
/// <remarks>
/// Three numbers, all 0 on a kernel that does not count them:
/// <code>38497 991589 1</code>
/// See <c>Documentation/scheduler/sched-stats.rst</c>; the file needs CONFIG_SCHED_INFO.
/// </remarks>
public readonly record struct SchedStat(ulong RunNanoseconds, ulong WaitNanoseconds, ulong Timeslices)
{
    /// <summary>Whether the kernel counts. A process that has not run yet looks the same as one on a kernel that does not count.</summary>
    public bool IsCounted => Timeslices > 0;

    /// <summary>Parses the text of the file. False when a field is missing, beyond 64 bits, or may have been cut short.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out SchedStat value)
    {
        Utf8Cursor cursor = new(text);
        if (!cursor.TryReadField(out ulong run) || !cursor.TryReadField(out ulong wait) || !cursor.TryReadField(out ulong timeslices))
        {
            value = default;
            return false;
        }

        value = new SchedStat(run, wait, timeslices);
        return true;
    }
}
