using System.Runtime.InteropServices;
using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.WorkingSets.Referenced;

/// <summary>
/// Whether a process may be looked at without being held up for longer than the budget. A write to <c>clear_refs</c> holds the mmap lock of its target for
/// writing while it walks all page tables, and one <c>read(2)</c> of <c>smaps</c> holds it for reading while it walks those of some areas, at worst of one that
/// is nearly all. So the time is predicted from the size of the page tables (<c>VmPTE</c> of <c>/proc/PID/status</c>), by what a KiB of them cost before.
/// What was foreseen wrong, since the thread that held the lock lost its processor, keeps the process out for a time that doubles.
/// </summary>
/// <param name="budget">The longest time for which a process may be held up.</param>
internal sealed class StallBudget(TimeSpan budget)
{
    /// <summary>
    /// What a KiB of page tables costs as long as nothing else is known: 128 entries. Measured on a virtual machine with Linux 6.18: 3.6 µs with 64 MB of small
    /// pages, which the caches hold, 7.8 µs with 2 GB.
    /// </summary>
    internal static readonly TimeSpan InitialCost = TimeSpan.FromMicroseconds(8);

    /// <summary>What smaller page tables cost is mostly the call itself.</summary>
    private const ulong SmallestTablesKib = 256;

    private const int MostDoublings = 10;

    private readonly Dictionary<ProcessIdentity, Entry> _entries = [];
    private double _hostCost = InitialCost.TotalSeconds;

    /// <summary>The longest stall since the last pass began.</summary>
    internal TimeSpan Longest { get; private set; }

    /// <summary>Begins a pass.</summary>
    internal void BeginPass() => Longest = default;

    /// <summary>Whether a process with page tables of this size may be looked at in a pass.</summary>
    internal bool Allows(ProcessIdentity process, ulong tablesKib, long pass)
    {
        ref Entry entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, process, out bool isKnown);
        entry = entry with { Pass = pass };
        if (isKnown && pass < entry.NotBefore && tablesKib >= entry.TablesKib - (entry.TablesKib / 8))
        {
            return false;
        }

        // The worst of the process's own passes, and of the host's where it has none.
        double cost = isKnown && entry.Cost > 0 ? entry.Cost : _hostCost;
        return tablesKib * cost <= budget.TotalSeconds;
    }

    /// <summary>Takes note of what looking at a process took.</summary>
    /// <param name="process">The process.</param>
    /// <param name="tablesKib">The size of its page tables.</param>
    /// <param name="pass">The number of the pass.</param>
    /// <param name="stall">The longest single call that held its lock.</param>
    internal void Note(ProcessIdentity process, ulong tablesKib, long pass, in CallTime stall)
    {
        Longest = stall.Time > Longest ? stall.Time : Longest;
        ref Entry entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, process, out _);
        double cost = stall.Cpu.TotalSeconds / Math.Max(tablesKib, SmallestTablesKib);

        // The worst, but what is long past counts less and less.
        double worst = Math.Max(cost, entry.Cost * 0.9);
        entry = entry with { Cost = worst, Pass = pass };
        if (tablesKib >= SmallestTablesKib)
        {
            _hostCost = Math.Max(InitialCost.TotalSeconds, Math.Max(cost, _hostCost * 0.9));
        }

        // A call that needs next to nothing of the budget took too long by chance: its thread lost the processor, as may happen anywhere.
        if (stall.Time <= budget || stall.Cpu < budget / 8)
        {
            entry = entry with { Excesses = Math.Max(0, entry.Excesses - 1) };
            return;
        }

        int excesses = Math.Min(entry.Excesses + 1, MostDoublings);
        entry = entry with
        {
            Excesses = excesses,
            NotBefore = pass + 1 + (1L << excesses),
            TablesKib = tablesKib,

            // It is asked again at that time if it can be within the budget at all.
            Cost = Math.Min(worst, Math.Max(InitialCost.TotalSeconds, budget.TotalSeconds / Math.Max(tablesKib, 1) * 0.99)),
        };
    }

    /// <summary>Forgets processes that no pass has asked for since this one.</summary>
    internal void Forget(long pass)
    {
        foreach ((ProcessIdentity process, Entry entry) in _entries)
        {
            if (entry.Pass < pass)
            {
                _entries.Remove(process);
            }
        }
    }

    /// <param name="Cost">Seconds of processor time a KiB of page tables; 0 before the first pass.</param>
    /// <param name="Excesses">How often it took too long, less how often it did not since.</param>
    /// <param name="NotBefore">The pass in which to look at it again.</param>
    /// <param name="TablesKib">Its page tables when it took too long.</param>
    /// <param name="Pass">The last pass that asked.</param>
    private readonly record struct Entry(double Cost, int Excesses, long NotBefore, ulong TablesKib, long Pass);
}
