using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>The last field of <c>/proc/loadavg</c>: the pid that was given out last, in the reader's pid namespace. It changes with every new thread.</summary>
/// <param name="LastPid">The pid.</param>
/// <remarks>
/// <code>0.20 0.18 0.12 1/80 11206</code>
/// See <see href="https://man7.org/linux/man-pages/man5/proc_loadavg.5.html">proc_loadavg(5)</see>.
/// </remarks>
internal readonly record struct LoadAverage(int LastPid)
{
    /// <summary>Parses the text of the file. False when it has no fifth field, or when that is no pid.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out LoadAverage value)
    {
        Utf8Cursor cursor = new(text);
        int pid = 0;
        bool isRead = cursor.TrySkipFields(4) && cursor.TryReadField(out pid) && pid >= 0;
        value = new LoadAverage(isRead ? pid : 0);
        return isRead;
    }
}
