using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>What <c>/proc/PID/io</c> counts since a process started, over all its threads and the children it has waited for.</summary>
/// <param name="ReadCharacters">Bytes that read calls returned, from anything: the page cache, pipes, terminals.</param>
/// <param name="WriteCharacters">Bytes handed to write calls.</param>
/// <param name="ReadSyscalls">Read calls.</param>
/// <param name="WriteSyscalls">Write calls.</param>
/// <param name="ReadBytes">Bytes that had to come from storage.</param>
/// <param name="WriteBytes">Bytes of pages that were made dirty, and so will be written to storage.</param>
/// <param name="CancelledWriteBytes">Bytes of dirty pages that were dropped before they were written, for example because the file was truncated.</param>
/// <remarks>
/// <code>
/// rchar: 8699
/// wchar: 1723
/// syscr: 16
/// syscw: 3
/// read_bytes: 0
/// write_bytes: 4096
/// cancelled_write_bytes: 0
/// </code>
/// See <see href="https://man7.org/linux/man-pages/man5/proc_pid_io.5.html">proc_pid_io(5)</see>.
/// </remarks>
public readonly record struct ProcessIo(
    ulong ReadCharacters,
    ulong WriteCharacters,
    ulong ReadSyscalls,
    ulong WriteSyscalls,
    ulong ReadBytes,
    ulong WriteBytes,
    ulong CancelledWriteBytes)
{
    /// <summary>
    /// Parses the text of the file. The lines are read in the kernel's order, which has not changed since Linux 2.6.20; false when one of the
    /// seven is missing, beyond 64 bits, or without its newline.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ProcessIo value)
    {
        Utf8Cursor cursor = new(text);
        if (!TryReadLine(ref cursor, "rchar:"u8, out ulong readCharacters)
            || !TryReadLine(ref cursor, "wchar:"u8, out ulong writeCharacters)
            || !TryReadLine(ref cursor, "syscr:"u8, out ulong readSyscalls)
            || !TryReadLine(ref cursor, "syscw:"u8, out ulong writeSyscalls)
            || !TryReadLine(ref cursor, "read_bytes:"u8, out ulong readBytes)
            || !TryReadLine(ref cursor, "write_bytes:"u8, out ulong writeBytes)
            || !TryReadLine(ref cursor, "cancelled_write_bytes:"u8, out ulong cancelledWriteBytes))
        {
            value = default;
            return false;
        }

        value = new ProcessIo(readCharacters, writeCharacters, readSyscalls, writeSyscalls, readBytes, writeBytes, cancelledWriteBytes);
        return true;
    }

    private static bool TryReadLine(ref Utf8Cursor cursor, ReadOnlySpan<byte> key, out ulong value)
    {
        value = 0;
        return cursor.TrySkip(key) && cursor.TryReadField(out value);
    }
}
