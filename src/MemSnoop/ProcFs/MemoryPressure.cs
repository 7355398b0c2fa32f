using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>How long processes of a control group and those below it have waited for memory in all, from <c>memory.pressure</c> (pressure stall information).</summary>
/// <param name="SomeMicroseconds">Time in which one of them at least waited.</param>
/// <param name="FullMicroseconds">Time in which all waited that had something to do.</param>
/// <remarks>
/// Two lines; averages are not read:
/// <code>
/// some avg10=0.00 avg60=0.12 avg300=0.05 total=1213034
/// full avg10=0.00 avg60=0.10 avg300=0.04 total=1094512
/// </code>
/// See <see href="https://docs.kernel.org/accounting/psi.html">PSI - Pressure Stall Information</see>.
/// </remarks>
internal readonly record struct MemoryPressure(ulong SomeMicroseconds, ulong FullMicroseconds)
{
    /// <summary>Parses the text of the file. False when one of the totals is missing, beyond 64 bits, or may have been cut short.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out MemoryPressure value)
    {
        Utf8Cursor cursor = new(text);
        bool isRead = TryReadTotal(ref cursor, "some "u8, out ulong some) & TryReadTotal(ref cursor, "full "u8, out ulong full);
        value = isRead ? new MemoryPressure(some, full) : default;
        return isRead;
    }

    private static bool TryReadTotal(ref Utf8Cursor cursor, ReadOnlySpan<byte> kind, out ulong total)
    {
        total = 0;
        if (!cursor.TryReadLine(out ReadOnlySpan<byte> line) || !line.StartsWith(kind))
        {
            return false;
        }

        int at = line.LastIndexOf(" total="u8);
        Utf8Cursor number = new(at < 0 ? default : line[(at + " total="u8.Length)..]);
        return number.TryReadUInt64(out total) && number.IsAtEnd;
    }
}
