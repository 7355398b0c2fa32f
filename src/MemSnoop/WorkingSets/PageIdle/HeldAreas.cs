using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>What is resident of each area, from <c>/proc/PID/smaps</c>: the bitmap tells what was used, not what is held.</summary>
/// <param name="areas">Takes it.</param>
/// <param name="filter">Which areas count.</param>
internal sealed class HeldAreas(AreaUses areas, AreaFilter filter)
{
    private const ulong Kib = 1024;

    private readonly KernelBuffer _buffer = new(64 * 1024);
    private readonly SmapsParser _parser = new();

    /// <summary>Reads them, after the window: the walk holds the process's mmap lock.</summary>
    internal ReadOutcome Read(TrackedProcess process)
    {
        ReadOutcome outcome = process.Enter(out ProcessDirectory directory);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        try
        {
            outcome = directory.OpenFile("smaps"u8, Libc.OpenReadOnly, out KernelHandle handle);
            if (outcome != ReadOutcome.Success)
            {
                return outcome;
            }

            using (handle)
            {
                return Read(handle);
            }
        }
        finally
        {
            process.Leave(directory);
        }
    }

    private ReadOutcome Read(KernelHandle handle)
    {
        SmapsWalk walk = new(handle, _parser, _buffer);
        while (walk.MoveNext())
        {
            Add(walk.Current);
        }

        return walk.End();
    }

    private void Add(in SmapsArea area)
    {
        if (filter.Includes(area.Entry, KernelUnits.Current.PageBytes))
        {
            areas.Add(area.Entry, area.Sums.RssKib * Kib, 0);
        }
    }
}
