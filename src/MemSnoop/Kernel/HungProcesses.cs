using System.Collections.Concurrent;

namespace MemSnoop.Kernel;

/// <summary>
/// Processes whose files did not answer, and for each of them a thread that was abandoned to wait until they do. As long as one is in here nobody else reads what may
/// hang of it. There is one for a proc root; for any thread.
/// </summary>
internal sealed class HungProcesses
{
    /// <summary>
    /// So many threads may be lost. With all of them lost, no file that may hang is read of any process, since the next one could hold up all; calls that are under way then
    /// may still add some.
    /// </summary>
    internal const int Most = 8;

    private static readonly ConcurrentDictionary<string, HungProcesses> OfRoots = new(StringComparer.Ordinal);

    private readonly Lock _gate = new();

    // Replaced and never changed: it is looked at before each file, and mostly empty. A pid is in here as often as threads wait for it.
    private int[] _pids = [];

    /// <summary>Those below a proc root.</summary>
    internal static HungProcesses Below(string root) => OfRoots.GetOrAdd(root, static _ => new HungProcesses());

    /// <summary>How many processes do not answer.</summary>
    internal int Count => Volatile.Read(ref _pids).Distinct().Count();

    /// <summary>Whether the files of this process that may hang are to be left alone.</summary>
    internal bool Refuse(int pid)
    {
        int[] pids = Volatile.Read(ref _pids);
        return pids.Length > 0 && (pids.Length >= Most || Array.IndexOf(pids, pid) >= 0);
    }

    /// <summary>Told of a process that does not answer any more (true), or answers again (false). On whatever thread finds out.</summary>
    internal event Action<int, bool>? Changed;

    /// <summary>A thread is about to be abandoned to a process.</summary>
    internal void Add(int pid)
    {
        lock (_gate)
        {
            Volatile.Write(ref _pids, [.. _pids, pid]);
        }
    }

    /// <summary>The thread has answered before it was abandoned, or is back: the process has answered, or ended.</summary>
    /// <returns>Whether no other thread waits for the process.</returns>
    internal bool Remove(int pid)
    {
        lock (_gate)
        {
            int at = Array.IndexOf(_pids, pid);
            Volatile.Write(ref _pids, [.. _pids[..at], .. _pids[(at + 1)..]]);
            return Array.IndexOf(_pids, pid) < 0;
        }
    }

    /// <summary>A thread was abandoned to a process.</summary>
    internal void Abandon(int pid)
    {
        if (Volatile.Read(ref _pids).Count(other => other == pid) == 1)
        {
            Changed?.Invoke(pid, true);
        }
    }

    /// <summary>A thread that was abandoned is back.</summary>
    internal void Return(int pid)
    {
        if (Remove(pid))
        {
            Changed?.Invoke(pid, false);
        }
    }
}
