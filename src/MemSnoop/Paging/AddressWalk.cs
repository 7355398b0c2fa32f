using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Paging;

/// <summary>Walks over the address space of one process after another.</summary>
internal sealed class AddressWalk(AreaFilter filter, ulong pageBytes, IActivePages? active)
{
    private readonly Pagemap _pagemap = new(pageBytes);

    /// <summary>The areas of the process that was walked over last.</summary>
    internal AreaList Areas { get; } = new(filter, pageBytes, active);

    /// <summary>Bytes of its address space that were not searched.</summary>
    internal ulong LeftOutBytes => _pagemap.LeftOutBytes;

    /// <summary>Walks over a share of the pages of a process, and makes sure that the address space was the same all the time.</summary>
    internal ReadOutcome Walk<TRuns>(TrackedProcess process, in MemoryShare share, TRuns runs)
        where TRuns : IPageRuns
    {
        ReadOutcome outcome = process.Enter(out ProcessDirectory directory);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        try
        {
            outcome = Areas.Read(directory, out KernelHandle maps);
            using (maps)
            {
                if (outcome == ReadOutcome.Success)
                {
                    _pagemap.ResidentPages = process.Stat.ResidentPages;
                    outcome = _pagemap.Walk(directory, Areas.Areas, share, runs);
                }

                return outcome != ReadOutcome.Success ? outcome : Areas.StillThere(maps);
            }
        }
        finally
        {
            process.Leave(directory);
        }
    }
}
