namespace MemSnoop.Kernel;

/// <summary>
/// Divides the file descriptors of this process, so that kept handles leave enough for sockets and short opens. A reader that gets none opens its file for
/// each reading. The limit is the process's, so all that keep handles take from one budget: <see cref="Shared"/>.
/// </summary>
public sealed class HandleBudget
{
    /// <summary>Left for the runtime, listening and scraping sockets, and files that are opened for one read.</summary>
    private const int Reserve = 256;

    private static readonly Lazy<HandleBudget> OfThisProcess = new(FromResourceLimit);

    private int _used;

    /// <summary>A budget of the given number of handles.</summary>
    public HandleBudget(int limit)
        : this(Math.Max(0, limit), Math.Max(0, limit) + Reserve)
    {
    }

    private HandleBudget(int limit, int openFiles)
    {
        Limit = limit;
        OpenFiles = openFiles;
    }

    /// <summary>
    /// The budget of this process. The first use raises the soft limit of open files to the hard one (<c>getrlimit(2)</c>; the
    /// runtime of .NET does so too, a service manager may have lowered it again); what is left above a reserve is budgeted.
    /// </summary>
    public static HandleBudget Shared => OfThisProcess.Value;

    /// <summary>Maximum number of kept handles.</summary>
    public int Limit { get; }

    /// <summary>Maximum number of open files of the process, of which <see cref="Limit"/> are budgeted.</summary>
    internal int OpenFiles { get; }

    /// <summary>How many are kept now.</summary>
    public int Used => Volatile.Read(ref _used);

    internal bool TryTake() => TryTake(1);

    /// <summary>Takes that many handles, or none.</summary>
    internal bool TryTake(int count)
    {
        int used;
        do
        {
            used = Used;
            if (count > Limit - used)
            {
                return false;
            }
        }
        while (Interlocked.CompareExchange(ref _used, used + count, used) != used);

        return true;
    }

    /// <summary>Takes that many for the rest of the process, for something else than kept handles; fewer, if there are not so many.</summary>
    internal void SetAside(int count)
    {
        while (!TryTake(Math.Min(count, Limit - Used)))
        {
            // Somebody else has taken some meanwhile.
        }
    }

    internal void Return() => Return(1);

    internal void Return(int count) => Interlocked.Add(ref _used, -count);

    private static HandleBudget FromResourceLimit()
    {
        if (Libc.GetResourceLimit(Libc.ResourceOpenFiles, out Libc.ResourceLimit limit) != 0)
        {
            return Of(1024);
        }

        if (limit.Soft < limit.Hard)
        {
            Libc.ResourceLimit raised = new() { Soft = limit.Hard, Hard = limit.Hard };
            if (Libc.SetResourceLimit(Libc.ResourceOpenFiles, raised) == 0)
            {
                limit = raised;
            }
        }

        return Of((int)Math.Min(limit.Soft, int.MaxValue));
    }

    private static HandleBudget Of(int openFiles) => new(Math.Max(0, openFiles - Reserve), openFiles);
}
