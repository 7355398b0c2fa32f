using MemSnoop.Metrics.Descriptors;
using MemSnoop.Metrics.Sampling;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.View;

/// <summary>
/// Idle memory by age in bands that do not overlap, so that they can be put on top of each other. The first begins with the length of a window: what was idle for less was used within it.
/// </summary>
internal sealed class IdleBands
{
    // Indices into the ages, each the lower end of a band.
    private readonly int[] _from;
    private readonly TimeSpan[] _ages;

    /// <param name="ages">The ages at which idle memory is reported.</param>
    /// <param name="interval">The length of a window.</param>
    internal IdleBands(IReadOnlyList<TimeSpan> ages, TimeSpan interval)
    {
        _ages = [.. ages];
        _from = [.. Enumerable.Range(1, Math.Max(0, ages.Count - 1)).Where(age => WorkingSetDescriptor.CanBeTold(ages[age], interval))];
    }

    internal static IdleBands Of(LastSamples last) => new(last.IdleAges, last.Interval);

    /// <summary>How many there are: one below the first age that is told, and one from each of those.</summary>
    internal int Count => _from.Length + 1;

    /// <summary>The shortest age of a band, in seconds: 0 in the first, whose memory was idle for the window and less long than the first age.</summary>
    internal double From(int band) => band == 0 ? 0 : _ages[_from[band - 1]].TotalSeconds;

    /// <summary>The age at which the next band begins, in seconds; null for the last.</summary>
    internal double? To(int band) => band < _from.Length ? _ages[_from[band]].TotalSeconds : null;

    /// <summary>How much is in a band; null if that is not known.</summary>
    internal ulong? In(in WorkingSetSample sample, int band)
    {
        ulong? more = band < _from.Length ? AtLeast(sample, _from[band]) : 0;
        if (band == 0)
        {
            // Ages that are not known yet are in it: it is all that is idle.
            return Less(RowWindows.Idle(sample), more ?? 0);
        }

        return AtLeast(sample, _from[band - 1]) is { } least ? Less(least, more ?? 0) : null;
    }

    /// <summary>All bands of which something is known.</summary>
    internal List<AgeBandView> View(in WorkingSetSample sample)
    {
        List<AgeBandView> view = new(Count);
        for (int band = 0; band < Count; band++)
        {
            if (In(sample, band) is { } bytes)
            {
                // Without a number of the next one, what is older is in this one.
                view.Add(new AgeBandView(From(band), band + 1 < Count && In(sample, band + 1) is not null ? To(band) : null, bytes));
            }
        }

        return view;
    }

    /// <summary>All bands of which something is known, of the whole host.</summary>
    internal List<AgeBandView> View(in HostMemorySample host)
    {
        int known = host.KnownAges;
        int[] from = [0, .. _from.Where(age => age < known)];
        List<AgeBandView> view = new(from.Length);
        for (int band = 0; band < from.Length; band++)
        {
            bool isLast = band + 1 == from.Length;
            view.Add(new AgeBandView(From(band), isLast ? null : To(band), Less(host.Idle[from[band]], isLast ? 0 : host.Idle[from[band + 1]])));
        }

        return view;
    }

    private static ulong? AtLeast(in WorkingSetSample sample, int age) => age < sample.KnownAges ? sample.Idle[age] : null;

    // Ages are certain, and idle for the window may be less than is certain for an age where pages of unknown use are in both.
    private static ulong Less(ulong all, ulong part) => all > part ? all - part : 0;
}
