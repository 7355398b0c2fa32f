using System.Numerics;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>Counts the frames of all blocks, which are those of all watched processes: each once, whoever maps it.</summary>
/// <remarks>
/// Between two passes a block has the frames of the running window, with what the last one has found: <see cref="FrameBlock.Idle"/> for those that were there before, and used for those that
/// came within it. A look at new processes brings their frames up to now. So this is for who asks now and then, and costs nothing in a pass.
/// </remarks>
internal static class HostCount
{
    internal static HostMemorySample Of(FrameTable frames, Epochs epochs, IdleAges ages, TimeSpan began, TimeSpan now, ulong pageBytes)
    {
        long used = 0;
        long untracked = 0;
        EpochCounts byEpoch = default;
        foreach (FrameBlock block in frames.Blocks)
        {
            for (int word = 0; word < FrameBlock.Words; word++)
            {
                ulong marked = block.Marked[word];
                ulong idle = block.Idle[word];
                used += BitOperations.PopCount(marked & ~idle);
                untracked += BitOperations.PopCount(idle & ~marked);
                idle &= marked;
                if (idle == ulong.MaxValue)
                {
                    byEpoch.Add(block.Ages.AsSpan(word * 64, 64));
                }
                else
                {
                    for (; idle != 0; idle &= idle - 1)
                    {
                        byEpoch[block.Ages[(word * 64) + BitOperations.TrailingZeroCount(idle)]]++;
                    }
                }
            }
        }

        return new HostMemorySample((ulong)used * pageBytes, (ulong)untracked * pageBytes, Idle(byEpoch, epochs, ages, now, pageBytes), ages.CountReached(now - began));
    }

    private static IdleBytes Idle(in EpochCounts byEpoch, Epochs epochs, IdleAges ages, TimeSpan now, ulong pageBytes)
    {
        IdleBytes idle = default;
        for (int epoch = 0; epoch < epochs.Count; epoch++)
        {
            if (byEpoch[epoch] > 0)
            {
                int reached = Math.Max(1, ages.CountReached(now - epochs[epoch]));
                for (int age = 0; age < reached; age++)
                {
                    idle[age] += (ulong)byEpoch[epoch] * pageBytes;
                }
            }
        }

        return idle;
    }
}
