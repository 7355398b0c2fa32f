using MemSnoop.Tracing;

namespace MemSnoop.Analysis;

/// <summary>The working set for one length of the window.</summary>
/// <param name="Samples">The window: so many samples in a row.</param>
/// <param name="MeanPages">Distinct active pages in it, on average over all such windows of the trace.</param>
/// <param name="MaxPages">The most in any of them.</param>
public readonly record struct WorkingSetPoint(int Samples, double MeanPages, ulong MaxPages);

/// <summary>
/// The working set W(τ) by the length of its window (P. Denning, 1968), all lengths from one trace: 1, 2, 4, ... samples, and all of them. Every window of τ
/// consecutive samples counts, overlapping ones too.
/// </summary>
public static class WorkingSetCurve
{
    /// <summary>The curve of a trace, by ascending length; empty for a trace without samples.</summary>
    /// <param name="trace">The trace.</param>
    /// <exception cref="ArgumentOutOfRangeException">More than two billion distinct pages were active.</exception>
    public static IReadOnlyList<WorkingSetPoint> Of(PageTrace trace)
    {
        int[] lengths = Lengths(trace.Samples.Count);
        long[] sums = new long[lengths.Length];
        long[] most = new long[lengths.Length];
        LastAccessSweep sweep = new(trace);
        for (int sample = 0; sample < trace.Samples.Count; sample++)
        {
            sweep.Look(sample);
            sweep.Commit(sample);
            for (int index = 0; index < lengths.Length && lengths[index] <= sample + 1; index++)
            {
                // A page is in the window that ends here if it was seen last within it.
                long pages = sweep.LastSeen.Sum(sample + 1 - lengths[index], sample + 1);
                sums[index] += pages;
                most[index] = Math.Max(most[index], pages);
            }
        }

        return [.. lengths.Select((length, index) =>
            new WorkingSetPoint(length, (double)sums[index] / (trace.Samples.Count - length + 1), (ulong)most[index]))];
    }

    private static int[] Lengths(int samples)
    {
        List<int> lengths = [];
        for (long length = 1; length < samples; length *= 2)
        {
            lengths.Add((int)length);
        }

        if (samples > 0)
        {
            lengths.Add(samples);
        }

        return [.. lengths];
    }
}
