using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>User ids, size of the page tables and context switches of a process, from <c>/proc/PID/status</c>.</summary>
/// <remarks>
/// One <c>Key:&#9;value</c> a line, of which four are read:
/// <code>
/// Uid:	1000	1000	1000	1000
/// VmPTE:	      56 kB
/// voluntary_ctxt_switches:	63
/// nonvoluntary_ctxt_switches:	7
/// </code>
/// The kernel escapes newlines in <c>Name:</c>, so a process cannot forge a line by its name.
/// See <see href="https://man7.org/linux/man-pages/man5/proc_pid_status.5.html">proc_pid_status(5)</see>.
/// </remarks>
public readonly record struct Status
{
    /// <summary>The user who started the process, numbered as in the reader's user namespace.</summary>
    public uint RealUserId { get; init; }

    /// <summary>The user whose rights the process uses.</summary>
    public uint EffectiveUserId { get; init; }

    /// <summary>The size of its page tables in KiB, those set aside for huge pages included; 0 for a kernel thread, and where it is not told.</summary>
    public ulong PageTablesKib { get; init; }

    /// <summary>Voluntary context switches of the main thread only: the kernel keeps no sum for a process here.</summary>
    public ulong VoluntaryContextSwitches { get; init; }

    /// <summary>Involuntary context switches of the main thread.</summary>
    public ulong InvoluntaryContextSwitches { get; init; }

    /// <summary>Whether both counts of context switches are there; they are the last lines, and not every emulation of Linux prints them.</summary>
    public bool HasContextSwitches { get; init; }

    /// <summary>Parses the text of the file. False without a whole <c>Uid:</c> line, or when a number that is read does not fit its type.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out Status value)
    {
        value = default;
        uint realUserId = 0;
        uint effectiveUserId = 0;
        ulong voluntary = 0;
        ulong involuntary = 0;
        ulong pageTables = 0;
        bool hasUserIds = false;
        bool hasVoluntary = false;
        bool hasInvoluntary = false;
        Utf8Cursor cursor = new(text);
        while (!cursor.IsAtEnd)
        {
            bool isRead = true;
            // The first letter saves some sixty lines a comparison of keys.
            switch (cursor.Rest[0])
            {
                case (byte)'U' when cursor.TrySkip("Uid:"u8):
                    isRead = hasUserIds = TryReadUserIds(cursor, out realUserId, out effectiveUserId);
                    break;
                case (byte)'V' when cursor.TrySkip("VmPTE:"u8):
                    isRead = TryReadCount(cursor, out pageTables);
                    break;
                case (byte)'v' when cursor.TrySkip("voluntary_ctxt_switches:"u8):
                    isRead = hasVoluntary = TryReadCount(cursor, out voluntary);
                    break;
                case (byte)'n' when cursor.TrySkip("nonvoluntary_ctxt_switches:"u8):
                    isRead = hasInvoluntary = TryReadCount(cursor, out involuntary);
                    break;
                default:
                    break;
            }

            if (!cursor.TryReadLine(out _))
            {
                // The rest of a line that was cut short: its content is unknown.
                break;
            }

            if (!isRead)
            {
                return false;
            }
        }

        if (!hasUserIds)
        {
            return false;
        }

        bool hasContextSwitches = hasVoluntary && hasInvoluntary;
        value = new Status
        {
            RealUserId = realUserId,
            EffectiveUserId = effectiveUserId,
            PageTablesKib = pageTables,
            VoluntaryContextSwitches = hasContextSwitches ? voluntary : 0,
            InvoluntaryContextSwitches = hasContextSwitches ? involuntary : 0,
            HasContextSwitches = hasContextSwitches,
        };
        return true;
    }

    // Both read from a copy of the cursor: the loop skips to the end of the line itself, and a field's end may already be that.
    private static bool TryReadUserIds(Utf8Cursor cursor, out uint real, out uint effective)
    {
        effective = 0;
        return cursor.TryReadField(out real) && cursor.TryReadField(out effective);
    }

    private static bool TryReadCount(Utf8Cursor cursor, out ulong count) => cursor.TryReadField(out count);
}
