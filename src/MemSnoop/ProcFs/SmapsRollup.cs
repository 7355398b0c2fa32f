using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>Parses <c>/proc/PID/smaps_rollup</c>: the sizes of smaps, summed by the kernel over all of a process's areas.</summary>
/// <remarks>
/// <code>
/// 00400000-7ffd37ff6000 ---p 00000000 00:00 0                              [rollup]
/// Rss:                1684 kB
/// Pss:                 421 kB
/// …
/// Locked:                0 kB
/// </code>
/// Since Linux 4.14. It is short to read but not cheap to make: the kernel walks every page under the process's mmap lock.
/// See <see href="https://docs.kernel.org/filesystems/proc.html">The /proc Filesystem</see>.
/// </remarks>
public static class SmapsRollup
{
    /// <summary>
    /// Parses the text of the file. False when it is empty or cut short (it needs its header, and the lines from <c>Rss:</c> to <c>Locked:</c>),
    /// or when a size is not a number of kB within 64 bits.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out SmapsSums value)
    {
        value = default;
        Utf8Cursor cursor = new(text);
        if (!cursor.TryReadLine(out ReadOnlySpan<byte> header) || !MapsEntry.TryParse(header, out _))
        {
            return false;
        }

        SmapsTally tally = default;
        while (cursor.TryReadLine(out ReadOnlySpan<byte> line))
        {
            if (!SmapsTally.TrySplit(line, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> size) || !tally.TryTake(key, size))
            {
                return false;
            }
        }

        if (!tally.IsComplete)
        {
            return false;
        }

        value = tally.Sums;
        return true;
    }
}
