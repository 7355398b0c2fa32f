using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>What <c>/proc/uptime</c> says: how long the machine has been up.</summary>
/// <param name="UptimeSeconds">Seconds since boot, time in suspend included, to a hundredth.</param>
/// <param name="IdleSeconds">Idle time of all processors together, in seconds, to a hundredth.</param>
/// <remarks>
/// <code>5080.91 10022.58</code>
/// In a container it may be the container's own (lxcfs, a time namespace).
/// See <see href="https://man7.org/linux/man-pages/man5/proc_uptime.5.html">proc_uptime(5)</see>.
/// </remarks>
public readonly record struct Uptime(double UptimeSeconds, double IdleSeconds)
{
    /// <summary>Parses the text of the file. False unless it has two numbers of seconds, each with the two decimals that the kernel prints.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out Uptime value)
    {
        Utf8Cursor cursor = new(text);
        if (!TryReadSeconds(ref cursor, out double uptime) || !TryReadSeconds(ref cursor, out double idle))
        {
            value = default;
            return false;
        }

        value = new Uptime(uptime, idle);
        return true;
    }

    // Exactly two decimals: with fewer the number was cut short.
    private static bool TryReadSeconds(ref Utf8Cursor cursor, out double seconds)
    {
        seconds = 0;
        if (!cursor.TryReadUInt64(out ulong whole) || !cursor.TrySkip((byte)'.'))
        {
            return false;
        }

        int before = cursor.Rest.Length;
        if (!cursor.TryReadUInt64(out ulong hundredths) || before - cursor.Rest.Length != 2 || hundredths > 99)
        {
            return false;
        }

        seconds = ((whole * 100.0) + hundredths) / 100.0;
        return true;
    }
}
