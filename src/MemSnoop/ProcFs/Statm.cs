using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>Memory of a process in pages, from <c>/proc/PID/statm</c>. A zombie and a kernel thread read as all zeros.</summary>
/// <param name="TotalPages">The size of the address space in pages.</param>
/// <param name="ResidentPages">Pages that are in memory.</param>
/// <param name="SharedPages">Resident pages that belong to a file or to shared memory.</param>
/// <param name="TextPages">Pages that the program's code spans.</param>
/// <param name="DataPages">Pages that data and stack span.</param>
/// <remarks>
/// Seven numbers, of which the fifth and the last have been 0 since Linux 2.6:
/// <code>765 440 411 5 0 123 0</code>
/// See <see href="https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html">proc_pid_statm(5)</see>.
/// </remarks>
public readonly record struct Statm(ulong TotalPages, ulong ResidentPages, ulong SharedPages, ulong TextPages, ulong DataPages)
{
    /// <summary>Parses the text of the file. False when a field is missing, beyond 64 bits, or may have been cut short.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out Statm value)
    {
        Utf8Cursor cursor = new(text);
        if (!cursor.TryReadField(out ulong total)
            || !cursor.TryReadField(out ulong resident)
            || !cursor.TryReadField(out ulong shared)
            || !cursor.TryReadField(out ulong code)
            || !cursor.TrySkipFields(1) // lib
            || !cursor.TryReadField(out ulong data))
        {
            value = default;
            return false;
        }

        value = new Statm(total, resident, shared, code, data);
        return true;
    }
}
