using System.Runtime.InteropServices;
using MemSnoop.Tracing;

namespace MemSnoop.Analysis;

/// <summary>
/// Bounds of the reuse distances (LRU stack distances) of a program, from a trace that has the pages accessed in each window but not their order.
/// </summary>
/// <remarks>
/// The reuse distance of an access is the number of distinct other pages accessed since the last access to the same page: an LRU memory of more pages than that still
/// holds it. A page that is active in samples i and j, and in none between, was accessed last in window i and first in window j at unknown moments:
/// <list type="bullet">
/// <item>at least the pages active in the samples between lie between the two accesses: the lower bound;</item>
/// <item>at most all pages active in i to j do, but for the page itself: the upper bound.</item>
/// </list>
/// Both can happen: the others of i may come before the first access or after it, and the others of j after the second access or before it. The first sample
/// of a page is a cold miss and has no distance. Further accesses within one window are not seen, and not counted.
/// </remarks>
public sealed class ReuseDistance
{
    private ReuseDistance(DistanceHistogram lower, DistanceHistogram upper, ulong coldMisses) =>
        (Lower, Upper, ColdMisses) = (lower, upper, coldMisses);

    /// <summary>Each reuse at the smallest distance that is possible. Its distribution lies above the true one.</summary>
    public DistanceHistogram Lower { get; }

    /// <summary>Each reuse at the largest distance that is possible. Its distribution lies below the true one.</summary>
    public DistanceHistogram Upper { get; }

    /// <summary>First accesses: pages that were never seen before.</summary>
    public ulong ColdMisses { get; }

    /// <summary>Number of reuses.</summary>
    public ulong Reuses => Lower.Total;

    /// <summary>Analyses a trace, in a time near-linear in its active pages.</summary>
    /// <param name="trace">The trace.</param>
    /// <exception cref="ArgumentOutOfRangeException">More than two billion distinct pages were active.</exception>
    public static ReuseDistance Of(PageTrace trace)
    {
        LastAccessSweep sweep = new(trace);
        Dictionary<ulong, ulong> lower = [];
        Dictionary<ulong, ulong> upper = [];
        ulong cold = 0;
        for (int sample = 0; sample < trace.Samples.Count; sample++)
        {
            sweep.Look(sample);
            long older = sweep.New;   // pages of this sample that no sample from the age on has seen: the upper bound has them in addition
            foreach (int age in sweep.Ages)
            {
                long between = sweep.LastSeen.Sum(age + 1, sample);
                long fromAge = sweep.LastSeen.Sum(age, sample);
                ulong pages = (ulong)sweep.Found(age);
                CollectionsMarshal.GetValueRefOrAddDefault(lower, (ulong)between, out _) += pages;
                CollectionsMarshal.GetValueRefOrAddDefault(upper, (ulong)(fromAge - 1 + older), out _) += pages;
                older += (long)pages;
            }

            cold += (ulong)sweep.New;
            sweep.Commit(sample);
        }

        return new ReuseDistance(new DistanceHistogram(lower), new DistanceHistogram(upper), cold);
    }
}
