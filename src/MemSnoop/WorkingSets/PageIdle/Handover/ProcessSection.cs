using MemSnoop.Processes;

namespace MemSnoop.WorkingSets.PageIdle.Handover;

/// <summary>
/// The processes, by pid and start time: since when they are watched, of all; and the ages by address, of the largest first, as far as there is room. Without these the age of a
/// page begins anew whose frame is another.
/// </summary>
internal static class ProcessSection
{
    /// <summary>More processes, or areas of all of them, than are handed over.</summary>
    internal const int MaxProcesses = 1 << 16;
    internal const int MaxAreas = 1 << 20;

    internal static void Write(AgesWriter writer, HandoverState state, TimeSpan now)
    {
        writer.Number(Math.Min(state.Processes.Count, MaxProcesses));
        foreach ((ProcessIdentity identity, ProcessPages pages) in state.Processes.Take(MaxProcesses))
        {
            Write(writer, identity);
            pages.Write(writer, now);
        }
    }

    /// <summary>Reads them; returns whether some have pages in doubt.</summary>
    /// <param name="reader">Where they are.</param>
    /// <param name="state">Takes them.</param>
    /// <param name="now">The time of the handing over.</param>
    /// <param name="firstSeen">Nothing is known of what was before this.</param>
    internal static bool Read(AgesReader reader, HandoverState state, TimeSpan now, TimeSpan firstSeen)
    {
        bool areInDoubt = false;
        for (int left = reader.Number(MaxProcesses); left > 0; left--)
        {
            ProcessPages pages = new() { Pass = state.Pass };
            if (!state.Processes.TryAdd(ReadIdentity(reader), pages))
            {
                throw new DamagedAgesException();
            }

            pages.Read(reader, now, firstSeen, state.Options.ShareSalt);
            areInDoubt |= !pages.Doubts.IsEmpty;
        }

        return areInDoubt;
    }

    internal static void WriteAges(AgesWriter writer, HandoverState state, HandoverRoom room)
    {
        AgesWriter one = new();
        int areas = MaxAreas;
        long pages = MaxPages(state);
        foreach ((ProcessIdentity identity, ProcessPages process) in state.Processes.Take(MaxProcesses).OrderByDescending(static entry => entry.Value.Ages.Count))
        {
            if (process.Areas.Length > areas || process.Ages.Count > pages)
            {
                continue;
            }

            one.Clear();
            one.Flag(true);
            Write(one, identity);
            process.WriteAges(one);
            if (room.Has(writer, one))
            {
                writer.Append(one);
                areas -= process.Areas.Length;
                pages -= process.Ages.Count;
            }
        }

        writer.Flag(false);
    }

    internal static void ReadAges(AgesReader reader, HandoverState state)
    {
        int areas = MaxAreas;
        long pages = MaxPages(state);
        while (reader.Flag())
        {
            if (!state.Processes.TryGetValue(ReadIdentity(reader), out ProcessPages? process))
            {
                throw new DamagedAgesException();
            }

            process.ReadAges(reader, areas, pages);
            areas -= process.Areas.Length;
            pages -= process.Ages.Count;
            if (!process.Ages.AreBelow(state.Epochs.Count))
            {
                throw new DamagedAgesException();
            }
        }
    }

    /// <summary>Some frames are mapped more than once, and before Linux 6.7 there is an age for each page of an area, present or not.</summary>
    private static long MaxPages(HandoverState state) => (8L * state.Frames.Count * FrameBlock.Frames) + (16 << 20);

    private static void Write(AgesWriter writer, ProcessIdentity identity)
    {
        writer.Number(identity.Pid);
        writer.Number(identity.StartTicks);
    }

    private static ProcessIdentity ReadIdentity(AgesReader reader) => new(reader.Number(int.MaxValue - 1), reader.Number());
}
