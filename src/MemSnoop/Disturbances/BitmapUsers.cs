using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;

namespace MemSnoop.Disturbances;

/// <summary>
/// Watches for other programs that write the idle bitmap, and so end our windows. Programs that only read it do no harm: where reading clears an accessed bit it
/// clears the idle flag with it.
/// </summary>
/// <remarks>
/// To be opened after this process's own handle of the bitmap, so that every opening that is seen is a stranger's. A stranger counts as harmful from its opening
/// on, unless it closes a handle that was for reading only, or nobody wrote while it had the bitmap open. Not seen is a program that uses a sysfs mounted in
/// another network namespace: that is another instance of the file. Writing to <c>/proc/PID/clear_refs</c> leaves no trace that could be watched: its files are
/// made for each opening, and no counter counts it.
/// </remarks>
internal sealed class BitmapUsers : IDisposable
{
    private const uint Watched = Libc.NotifyOpen | Libc.NotifyModify | Libc.NotifyCloseWrite | Libc.NotifyCloseNoWrite | Libc.NotifyOverflow;

    private readonly FileEvents _events = new();
    private readonly KernelPaths _paths;
    private readonly bool _isWatched;
    private int _open;
    private bool _wasWritten;
    private bool _hadWriter;
    private long _uses;

    internal BitmapUsers(KernelPaths paths)
    {
        _paths = paths;
        string file = paths.Sys(IdleBitmap.RelativePath);
        if (!File.Exists(file))
        {
            return;
        }

        _isWatched = _events.Watch(file, Watched) >= 0;

        // Of who has it open already there was no event.
        _hadWriter = FindUsers(paths).Writers.Count > 0;
    }

    /// <summary>How many other programs have the bitmap open now, and how many uses that did harm have ended so far.</summary>
    internal (int Open, long Uses) Read()
    {
        if (!_isWatched)
        {
            return default;
        }

        while (_events.TryTake(out FileEvent taken))
        {
            Accept(taken.Mask);
        }

        if (_open == 0 && !_hadWriter)
        {
            return (0, _uses);
        }

        // Most have it open for the moment of a check. Whoever keeps it open is looked up: a reader is let be, and who cannot be seen from here is not.
        (List<int> writers, bool hasReaders) = FindUsers(_paths);
        _hadWriter &= writers.Count > 0;
        return (writers.Count > 0 || hasReaders ? writers.Count : _open, _uses);
    }

    /// <summary>
    /// Other processes that have the bitmap open for writing, and whether some have it for reading. Costs a look at every handle of every process, so not for
    /// every moment.
    /// </summary>
    internal static (List<int> Writers, bool HasReaders) FindUsers(KernelPaths paths)
    {
        List<int> writers = [];
        bool hasReaders = false;
        foreach (int pid in PidEnumerator.Enumerate(paths.ProcRoot))
        {
            if (pid == Environment.ProcessId)
            {
                continue;
            }

            bool? isWriter = FindUse(paths.Proc(pid.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            hasReaders |= isWriter == false;
            if (isWriter == true)
            {
                writers.Add(pid);
            }
        }

        return (writers, hasReaders);
    }

    private void Accept(uint mask)
    {
        if ((mask & Libc.NotifyOverflow) != 0)
        {
            _uses++;
            return;
        }

        if ((mask & Libc.NotifyOpen) != 0)
        {
            _wasWritten &= _open > 0;
            _open++;
        }

        // Our own writing shows here too; a stranger that is let in then is taken for a writer.
        _wasWritten |= (mask & Libc.NotifyModify) != 0 && _open > 0;
        if ((mask & (Libc.NotifyCloseWrite | Libc.NotifyCloseNoWrite)) != 0)
        {
            _open = Math.Max(_open - 1, 0);
            _uses += (mask & Libc.NotifyCloseWrite) != 0 && _wasWritten ? 1 : 0;
        }
    }

    /// <summary>Whether a process has the bitmap open for writing; null if it does not have it open.</summary>
    private static bool? FindUse(string process)
    {
        bool? use = null;
        try
        {
            foreach (string link in Directory.EnumerateFiles(Path.Join(process, "fd")))
            {
                string? target = new FileInfo(link).LinkTarget;

                // Seen from another mount namespace the path may begin otherwise.
                if (target?.EndsWith("/mm/page_idle/bitmap", StringComparison.Ordinal) == true)
                {
                    use = use == true || IsForWriting(Path.Join(process, "fdinfo", Path.GetFileName(link)));
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The process has ended, or belongs to another user; without root nobody opens the bitmap.
        }

        return use;
    }

    /// <summary>Reads the mode from a line like <c>flags:	0100002</c>, which is octal; its last digit is 0 for reading only (<c>open(2)</c>).</summary>
    private static bool IsForWriting(string information)
    {
        foreach (string line in File.ReadLines(information))
        {
            if (line.StartsWith("flags:", StringComparison.Ordinal))
            {
                return (line[^1] & 3) != Libc.OpenReadOnly;
            }
        }

        return false;
    }

    public void Dispose() => _events.Dispose();
}
