using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>What <c>memory.stat</c> of a control group (version 2) counts of reclaim and advice, for the group and all below it.</summary>
/// <param name="Scanned">Pages that reclaim took from its lists.</param>
/// <param name="Refilled">Pages that the classic LRU looked at on its active lists, or that the multi-generational LRU sorted.</param>
/// <param name="Deactivated">Pages that were made inactive: by advice, and by reclaim of the classic LRU.</param>
/// <param name="LazyFreed">Pages that were advised to be free (MADV_FREE).</param>
/// <remarks>
/// One <c>name value</c> a line. The file of version 1 has none of these.
/// See <see href="https://docs.kernel.org/admin-guide/cgroup-v2.html">Control Group v2</see>.
/// </remarks>
internal readonly record struct MemoryStat(ulong Scanned, ulong Refilled, ulong Deactivated, ulong LazyFreed)
{
    /// <summary>Parses the text of the file. False when one of the four is missing, beyond 64 bits, or without its newline.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out MemoryStat value)
    {
        ulong scanned = 0;
        ulong refilled = 0;
        ulong deactivated = 0;
        ulong lazyFreed = 0;
        int found = 0;
        value = default;
        Utf8Cursor cursor = new(text);
        while (!cursor.IsAtEnd)
        {
            bool isRead = true;
            if (cursor.Rest[0] == (byte)'p')
            {
                isRead = TryRead(cursor, "pgscan "u8, ref scanned, ref found)
                    && TryRead(cursor, "pgrefill "u8, ref refilled, ref found)
                    && TryRead(cursor, "pgdeactivate "u8, ref deactivated, ref found)
                    && TryRead(cursor, "pglazyfree "u8, ref lazyFreed, ref found);
            }

            if (!isRead)
            {
                return false;
            }

            if (!cursor.TryReadLine(out _))
            {
                break;
            }
        }

        value = found == 4 ? new MemoryStat(scanned, refilled, deactivated, lazyFreed) : default;
        return found == 4;
    }

    private static bool TryRead(Utf8Cursor cursor, ReadOnlySpan<byte> key, ref ulong value, ref int found)
    {
        if (!cursor.TrySkip(key))
        {
            return true;
        }

        found++;
        return cursor.TryReadField(out value);
    }
}
