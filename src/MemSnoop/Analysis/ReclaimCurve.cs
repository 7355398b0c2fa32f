using MemSnoop.Tracing;

namespace MemSnoop.Analysis;

/// <summary>What it would bring to take away all memory that has been idle for an age, and what it would cost.</summary>
/// <param name="Samples">The age: so many samples in a row without an access.</param>
/// <param name="IdlePages">Pages that had been idle for at least so long, on average over the samples.</param>
/// <param name="ReaccessedPagesPerSecond">Of those, pages that were accessed again, per second.</param>
public readonly record struct ReclaimPoint(int Samples, double IdlePages, double ReaccessedPagesPerSecond);

/// <summary>
/// Idle memory by age, and how fast it is accessed again, from one trace: for ages of 1, 2, 4, ... samples. What is accessed again would have to be brought back by a
/// page fault each (the promotion rate of A. Lagar-Cavilla et al., "Software-Defined Far Memory in Warehouse-Scale Computers", ASPLOS 2019).
/// </summary>
/// <remarks>
/// A page counts from the first sample on that saw it active. What is resident and never accessed within the trace is in no sample, and so in no point. A page is
/// an address: memory that was unmapped counts as idle.
/// </remarks>
public static class ReclaimCurve
{
    /// <summary>The curve of a trace, by ascending age; empty for one of less than three samples, in which nothing can be idle and accessed again.</summary>
    /// <param name="trace">The trace.</param>
    /// <exception cref="ArgumentOutOfRangeException">More than two billion distinct pages were active.</exception>
    public static IReadOnlyList<ReclaimPoint> Of(PageTrace trace)
    {
        // The last sample ends no age; the one before the last ends the longest.
        List<Sums> sums = [];
        for (long age = 1; age < trace.Samples.Count - 1; age *= 2)
        {
            sums.Add(new Sums((int)age));
        }

        LastAccessSweep sweep = new(trace);
        for (int sample = 0; sample < trace.Samples.Count; sample++)
        {
            sweep.Look(sample);
            double seconds = sample == 0 ? 0 : (trace.Samples[sample].Offset - trace.Samples[sample - 1].Offset).TotalSeconds;
            foreach (Sums age in sums)
            {
                // As of the end of the sample before, from the first sample on in which a page can have been idle for so long.
                if (sample > age.Samples)
                {
                    age.Add(sweep, sample, seconds);
                }
            }

            sweep.Commit(sample);
        }

        return [.. sums.Select(static age => age.Mean())];
    }

    private sealed class Sums(int samples)
    {
        private long _idle;
        private long _reaccessed;
        private int _count;
        private double _seconds;

        internal int Samples => samples;

        internal void Add(LastAccessSweep sweep, int sample, double seconds)
        {
            int end = sample - samples;
            _idle += sweep.LastSeen.Sum(0, end);
            _count++;
            _seconds += seconds;
            foreach (int last in sweep.Ages)
            {
                if (last >= end)
                {
                    break;
                }

                _reaccessed += sweep.Found(last);
            }
        }

        internal ReclaimPoint Mean() => new(samples, (double)_idle / _count, _seconds > 0 ? _reaccessed / _seconds : 0);
    }
}
