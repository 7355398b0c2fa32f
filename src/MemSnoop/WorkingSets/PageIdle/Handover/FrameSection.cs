using System.Numerics;
using MemSnoop.Kernel;
using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle.Handover;

/// <summary>The frames: what is marked, of all; and the ages, of those blocks first that have the most idle memory, as far as there is room.</summary>
internal static class FrameSection
{
    internal static void Write(AgesWriter writer, HandoverState state, TimeSpan now)
    {
        writer.Number(state.Frames.Count);
        foreach (FrameBlock block in state.Frames.Blocks)
        {
            // Of a pass in parts, they wait for the next part.
            block.SettleReaccessed(state.Epochs.Current);
            writer.Number(block.Index);
            block.Write(writer, now);
        }
    }

    internal static void Read(AgesReader reader, HandoverState state, TimeSpan now)
    {
        for (int left = reader.Number(int.MaxValue - 1); left > 0; left--)
        {
            long index = reader.Number((long)(PagemapEntry.HighestFrame >> FrameBlock.FrameShift));
            ulong frame = (ulong)index << FrameBlock.FrameShift;
            if (!state.Extent.Contains(index) || state.Frames.Find(frame) is not null)
            {
                throw new DamagedAgesException();
            }

            FrameBlock block = state.Frames.GetOrAdd(frame);
            block.Read(reader, now);

            // Until the ages come, if they do: never older than they are.
            block.Ages.AsSpan().Fill(state.Epochs.Current);
        }
    }

    /// <summary>Writes the ages of as many blocks as there is room for.</summary>
    internal static void WriteAges(AgesWriter writer, HandoverState state, HandoverRoom room)
    {
        AgesWriter one = new();
        byte[] ages = new byte[FrameBlock.Frames];
        foreach (FrameBlock block in state.Frames.Blocks.OrderByDescending(CountIdle))
        {
            one.Clear();
            one.Number(block.Index + 1);
            CopyKnown(block, ages);
            one.Ages(ages);
            if (room.Has(writer, one))
            {
                writer.Append(one);
            }
        }

        writer.Number(0);
    }

    /// <summary>Reads them; returns the number of frames that were idle and whose ages are there, and of those whose ages are not.</summary>
    internal static (long Known, long LeftOut) ReadAges(AgesReader reader, HandoverState state)
    {
        long all = 0;
        foreach (FrameBlock block in state.Frames.Blocks)
        {
            all += CountIdle(block);
        }

        long known = 0;
        while (reader.Number((long)(PagemapEntry.HighestFrame >> FrameBlock.FrameShift) + 1) is > 0 and var index)
        {
            FrameBlock block = state.Frames.Find((ulong)(index - 1) << FrameBlock.FrameShift) ?? throw new DamagedAgesException();
            reader.Ages(block.Ages);
            if (block.Ages.AsSpan().ContainsAnyInRange((byte)state.Epochs.Count, byte.MaxValue))
            {
                throw new DamagedAgesException();
            }

            known += CountIdle(block);
        }

        return (Math.Min(known, all), Math.Max(0, all - known));
    }

    private static long CountIdle(FrameBlock block)
    {
        long idle = 0;
        for (int word = 0; word < FrameBlock.Words; word++)
        {
            idle += BitOperations.PopCount(block.Marked[word] & block.Idle[word]);
        }

        return idle;
    }

    /// <summary>The ages of frames that are known; the others have that of the frame before, so that there are few runs.</summary>
    private static void CopyKnown(FrameBlock block, byte[] ages)
    {
        block.Ages.CopyTo(ages, 0);
        byte last = 0;
        for (int word = 0; word < FrameBlock.Words; word++)
        {
            ulong known = block.Marked[word] | block.Idle[word] | block.Seen[word];
            Span<byte> some = ages.AsSpan(word * 64, 64);
            if (known == 0)
            {
                some.Fill(last);
                continue;
            }

            for (int i = 0; known != ulong.MaxValue && i < some.Length; i++)
            {
                last = some[i] = (known >> i & 1) != 0 ? some[i] : last;
            }

            last = some[^1];
        }
    }
}
