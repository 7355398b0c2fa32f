using System.Text;

namespace MemSnoop.ProcFs;

/// <summary>Turns <c>/proc/PID/cmdline</c> into text that people read and regular expressions match.</summary>
/// <remarks>
/// The file holds the arguments, each with a NUL at its end: <c>sleep\0600\0</c>. A process may overwrite them (setproctitle), which can leave
/// one string and a run of NULs. Kernel threads and zombies have none.
/// See <see href="https://man7.org/linux/man-pages/man5/proc_pid_cmdline.5.html">proc_pid_cmdline(5)</see>.
/// </remarks>
public static class CommandLine
{
    /// <summary>
    /// The arguments with one blank between them, decoded as UTF-8 with U+FFFD for bytes that are none. NULs at the end are dropped; an empty
    /// argument in the middle shows as two blanks. Empty for an empty file. Control characters are kept: the log escapes them.
    /// </summary>
    public static string ToDisplay(ReadOnlySpan<byte> text)
    {
        text = text.TrimEnd((byte)0);
        return string.Create(Encoding.UTF8.GetCharCount(text), text, static (display, bytes) =>
        {
            Encoding.UTF8.GetChars(bytes, display);
            display.Replace('\0', ' ');
        });
    }
}
