using System.Runtime.InteropServices;
using MemSnoop.Paging;
using MemSnoop.ProcFs;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>The state of one process from pass to pass: about one byte per present page.</summary>
internal sealed class ProcessPages
{
    /// <summary>The ages by address, to recognise what was resident before where a frame is new.</summary>
    internal PageAges Ages { get; } = new();

    /// <summary>What disturbed windows leave in doubt.</summary>
    internal DoubtHistory Doubts { get; } = new();

    /// <summary>What it has accessed again. A counter: it outlives the address space, as the process does.</summary>
    internal ReaccessTotals? Reaccessed { get; set; }

    /// <summary>What the process had read at the last walk of a pass; null if that is not needed or not known.</summary>
    internal ProcessIo? Reads { get; set; }

    /// <summary>What it had read at the walk before that.</summary>
    internal ProcessIo? EarlierReads { get; set; }

    /// <summary>The areas at the last walk, in ascending order.</summary>
    internal MemoryArea[] Areas { get; private set; } = [];

    /// <summary>Complete walks of passes so far.</summary>
    internal int Walks { get; private set; }

    /// <summary>Whether a glance has marked its frames in the middle of a window.</summary>
    internal bool WasGlancedAt { get; private set; }

    /// <summary>When the frames found by the first glance were marked.</summary>
    internal TimeSpan? MarkedAt { get; set; }

    /// <summary>The time of the pass or glance that walked it first.</summary>
    internal TimeSpan FirstSeen { get; private set; }

    /// <summary>The last pass that walked the process.</summary>
    internal long Pass { get; set; }

    internal bool IsNew => Walks == 0 && !WasGlancedAt;

    /// <summary>Notes a walk of a pass.</summary>
    internal void Take(PageAges ages, List<MemoryArea> areas, TimeSpan now)
    {
        Note(ages, areas, now);
        Walks++;
    }

    /// <summary>Notes the walk of a glance.</summary>
    internal void TakeGlance(PageAges ages, List<MemoryArea> areas, TimeSpan now)
    {
        Note(ages, areas, now);
        WasGlancedAt = true;
    }

    private void Note(PageAges ages, List<MemoryArea> areas, TimeSpan now)
    {
        if (IsNew)
        {
            FirstSeen = now;
        }

        Ages.CopyFrom(ages);
        if (areas.Count != Areas.Length || !CollectionsMarshal.AsSpan(areas).SequenceEqual(Areas))
        {
            Areas = [.. areas];
        }
    }

    /// <summary>Starts anew: the state belongs to an address space that is gone.</summary>
    internal void Forget()
    {
        Ages.Clear();
        Doubts.Clear();
        Reads = EarlierReads = null;
        Areas = [];
        Walks = 0;
        WasGlancedAt = false;
        MarkedAt = null;
    }
}
