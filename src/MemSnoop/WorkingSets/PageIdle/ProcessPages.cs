using System.Runtime.InteropServices;
using MemSnoop.Paging;
using MemSnoop.ProcFs;
using MemSnoop.WorkingSets.PageIdle.Handover;

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

    /// <summary>Whether the process is known from another exporter, but not what was resident at which address.</summary>
    internal bool LacksAges { get; private set; }

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

    /// <summary>The share of it that was walked over last.</summary>
    internal MemoryShare Share { get; private set; } = MemoryShare.Whole;

    /// <summary>The share of the walk before that.</summary>
    internal MemoryShare EarlierShare { get; private set; } = MemoryShare.Whole;

    /// <summary>Since when all of that share is watched; null if it has never grown.</summary>
    internal TimeSpan? SharedSince { get; private set; }

    internal bool IsNew => Walks == 0 && !WasGlancedAt;

    /// <summary>Notes over which share a walk went.</summary>
    internal void NoteShare(MemoryShare share, TimeSpan now)
    {
        if (!IsNew && share.Bound > Share.Bound)
        {
            SharedSince = now;
        }

        (EarlierShare, Share) = (IsNew ? share : Share, share);
    }

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

    /// <summary>Hands over what is known of the process, but not the ages by address.</summary>
    internal void Write(AgesWriter writer, TimeSpan now)
    {
        writer.Number(Walks);
        writer.Flag(WasGlancedAt);
        writer.Before(FirstSeen, now);
        writer.Flag(MarkedAt is not null);
        writer.Before(MarkedAt ?? now, now);
        writer.Share(Share);
        writer.Flag(SharedSince is not null);
        writer.Before(SharedSince ?? now, now);
        Doubts.Write(writer, now);
        foreach (ProcessIo? reads in (ReadOnlySpan<ProcessIo?>)[Reads, EarlierReads])
        {
            writer.Flag(reads is not null);
            writer.Number(reads?.ReadCharacters ?? 0);
            writer.Number(reads?.ReadSyscalls ?? 0);
        }
    }

    /// <summary>Takes up what was handed over.</summary>
    internal void Read(AgesReader reader, TimeSpan now, TimeSpan firstSeen, ulong shareSalt)
    {
        Walks = reader.Number(int.MaxValue - 1);
        WasGlancedAt = reader.Flag();
        TimeSpan first = reader.Before(now);
        FirstSeen = first > firstSeen ? first : firstSeen;
        bool isMarked = reader.Flag();
        TimeSpan marked = reader.Before(now);
        MarkedAt = isMarked ? marked : null;
        Share = EarlierShare = reader.Share(shareSalt);
        bool hasGrown = reader.Flag();
        TimeSpan grown = reader.Before(now);
        SharedSince = hasGrown ? grown : null;
        Doubts.Read(reader, now);
        (Reads, EarlierReads) = (ReadReads(reader), ReadReads(reader));
        LacksAges = true;
    }

    /// <summary>Hands over the ages by address, and the areas, by which a page is known again whose frame is another.</summary>
    internal void WriteAges(AgesWriter writer)
    {
        writer.Number(Areas.Length);
        ulong end = 0;
        foreach (MemoryArea area in Areas)
        {
            writer.Number(area.Start - end);
            writer.Number(area.Bytes);
            writer.Number(area.Device);
            writer.Number(area.Inode);
            writer.Number(area.Offset);
            end = area.End;
        }

        Ages.Write(writer);
    }

    /// <summary>Takes up the ages by address.</summary>
    /// <param name="reader">Where they are.</param>
    /// <param name="areas">How many areas there may be.</param>
    /// <param name="pages">How many pages there may be.</param>
    internal void ReadAges(AgesReader reader, int areas, long pages)
    {
        Areas = new MemoryArea[reader.Number(areas)];
        ulong end = 0;
        foreach (ref MemoryArea area in Areas.AsSpan())
        {
            ulong start = end + (ulong)reader.Number(long.MaxValue);
            end = start + (ulong)reader.Number(long.MaxValue);
            area = new MemoryArea(start, end, reader.Number(), reader.Number(), reader.Number());
            if (end > long.MaxValue)
            {
                throw new DamagedAgesException();
            }
        }

        Ages.Read(reader, pages);
        LacksAges = false;
    }

    private static ProcessIo? ReadReads(AgesReader reader)
    {
        bool isKnown = reader.Flag();
        ProcessIo reads = new(reader.Number(), 0, reader.Number(), 0, 0, 0, 0);
        return isKnown ? reads : null;
    }

    private void Note(PageAges ages, List<MemoryArea> areas, TimeSpan now)
    {
        if (IsNew)
        {
            FirstSeen = now;
        }

        Ages.CopyFrom(ages);
        LacksAges = false;
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
        LacksAges = false;
        Walks = 0;
        WasGlancedAt = false;
        MarkedAt = null;
        (Share, EarlierShare, SharedSince) = (MemoryShare.Whole, MemoryShare.Whole, null);
    }
}
