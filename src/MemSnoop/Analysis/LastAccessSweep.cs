using MemSnoop.Paging;
using MemSnoop.Tracing;

namespace MemSnoop.Analysis;

/// <summary>
/// Goes through a trace and keeps, for each page, the last sample that saw it, and for each sample, the number of pages that it was the last to see. The reuse
/// distances and the working-set curve are sums of these numbers. The cost of a sample is its pages, in runs of equal history, and a logarithm for each
/// distinct age among them.
/// </summary>
internal sealed class LastAccessSweep
{
    private const int Never = -1;

    private readonly PageTrace _trace;
    private readonly int[] _lastSample;   // by page, the pages of the whole trace numbered without gaps
    private readonly long[] _found;
    private readonly List<int> _ages = [];

    internal LastAccessSweep(PageTrace trace)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(trace.Active.Count, (ulong)Array.MaxLength, nameof(trace));
        _trace = trace;
        _lastSample = new int[trace.Active.Count];
        _lastSample.AsSpan().Fill(Never);
        _found = new long[trace.Samples.Count];
        LastSeen = new FenwickTree(trace.Samples.Count);
    }

    /// <summary>By sample, how many pages were seen there and not since.</summary>
    internal FenwickTree LastSeen { get; }

    /// <summary>Number of pages of the current sample that were never seen before.</summary>
    internal long New { get; private set; }

    /// <summary>The earlier samples that saw pages of this one last, ascending.</summary>
    internal IReadOnlyList<int> Ages => _ages;

    /// <summary>How many pages of this sample an earlier one saw last.</summary>
    internal long Found(int sample) => _found[sample];

    /// <summary>Takes the next sample: sorts its pages by when they were seen last. <see cref="LastSeen"/> is still that of the samples before.</summary>
    internal void Look(int sample)
    {
        foreach (int age in _ages)
        {
            _found[age] = 0;
        }

        _ages.Clear();
        New = 0;
        ReadOnlySpan<PageRange> all = _trace.Active.Ranges;
        int union = 0;
        int numbered = 0;   // pages in the ranges before this one
        foreach (PageRange range in _trace.Samples[sample].Active.Ranges)
        {
            // A range of a sample lies within one of the union.
            for (; all[union].End <= range.FirstPage; union++)
            {
                numbered += (int)all[union].Count;
            }

            Take(_lastSample.AsSpan(numbered + (int)(range.FirstPage - all[union].FirstPage), (int)range.Count), sample);
        }

        _ages.Sort();
    }

    /// <summary>Updates <see cref="LastSeen"/> with the sample that was taken.</summary>
    internal void Commit(int sample)
    {
        foreach (int age in _ages)
        {
            LastSeen.Add(age, -_found[age]);
        }

        LastSeen.Add(sample, (long)_trace.Samples[sample].Active.Count);
    }

    private void Take(Span<int> pages, int sample)
    {
        while (!pages.IsEmpty)
        {
            int last = pages[0];
            int run = pages.IndexOfAnyExcept(last);
            run = run < 0 ? pages.Length : run;
            pages[..run].Fill(sample);
            pages = pages[run..];
            if (last == Never)
            {
                New += run;
            }
            else
            {
                if (_found[last] == 0)
                {
                    _ages.Add(last);
                }

                _found[last] += run;
            }
        }
    }
}
