using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>The boot time from <c>/proc/stat</c>, which converts <see cref="Stat.StartTicks"/> to a date.</summary>
/// <param name="BootTimeSeconds">Seconds from the Unix epoch to boot, by the clock as it is set now: it moves when the clock is set.</param>
/// <remarks>
/// One line among the counters of processors and interrupts:
/// <code>btime 1795370073</code>
/// See <see href="https://man7.org/linux/man-pages/man5/proc_stat.5.html">proc_stat(5)</see>.
/// </remarks>
public readonly record struct SystemStat(ulong BootTimeSeconds)
{
    /// <summary>Parses the text of the file. False when it has no whole <c>btime</c> line, or its number is beyond 64 bits.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out SystemStat value)
    {
        value = default;
        Utf8Cursor cursor = new(text);
        while (!cursor.IsAtEnd)
        {
            if (cursor.TrySkip("btime "u8))
            {
                bool isRead = cursor.TryReadField(out ulong seconds);
                value = new SystemStat(seconds);
                return isRead;
            }

            if (!cursor.TryReadLine(out _))
            {
                return false;
            }
        }

        return false;
    }
}
