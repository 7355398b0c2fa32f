using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>The state of one process from pass to pass: about one byte per present page.</summary>
internal sealed class ProcessPages
{
    internal PageAges Ages { get; } = new();

    /// <summary>The areas at the last walk.</summary>
    internal MemoryArea[] Areas { get; private set; } = [];

    /// <summary>Complete walks so far.</summary>
    internal int Walks { get; private set; }

    /// <summary>The time of the pass that walked it first.</summary>
    internal TimeSpan FirstSeen { get; private set; }

    /// <summary>When the frames of the first walk were marked: the start of the first window.</summary>
    internal TimeSpan MarkedAt { get; set; }

    /// <summary>The last pass that walked the process.</summary>
    internal long Pass { get; set; }

    internal void Take(PageAges ages, List<MemoryArea> areas, TimeSpan pass)
    {
        if (Walks++ == 0)
        {
            FirstSeen = pass;
        }

        Ages.CopyFrom(ages);
        if (!areas.Count.Equals(Areas.Length) || !System.Runtime.InteropServices.CollectionsMarshal.AsSpan(areas).SequenceEqual(Areas))
        {
            Areas = [.. areas];
        }
    }

    /// <summary>Starts anew: the state belongs to an address space that is gone.</summary>
    internal void Forget()
    {
        Ages.Clear();
        Areas = [];
        Walks = 0;
    }
}
