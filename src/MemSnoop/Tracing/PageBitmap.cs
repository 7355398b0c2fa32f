using MemSnoop.Paging;

namespace MemSnoop.Tracing;

/// <summary>Pages of one range of addresses by samples: whether each was active.</summary>
public sealed class PageBitmap
{
    private readonly ulong[] _words;
    private readonly int _wordsPerSample;

    internal PageBitmap(ulong firstPage, ulong pages, IReadOnlyList<PageSample> samples)
    {
        FirstPage = firstPage;
        ulong words = (pages + 63) / 64;
        ArgumentOutOfRangeException.ThrowIfGreaterThan((UInt128)words * (ulong)samples.Count, (UInt128)Array.MaxLength, nameof(pages));
        Pages = pages;
        Samples = samples.Count;
        _wordsPerSample = (int)words;
        _words = new ulong[_wordsPerSample * Samples];
        for (int sample = 0; sample < Samples; sample++)
        {
            Fill(sample, samples[sample].Active);
        }
    }

    /// <summary>The number of the first page.</summary>
    public ulong FirstPage { get; }

    /// <summary>How many pages.</summary>
    public ulong Pages { get; }

    /// <summary>How many samples.</summary>
    public int Samples { get; }

    /// <summary>Whether a page was active in a sample.</summary>
    /// <param name="page">The page, counted from <see cref="FirstPage"/>.</param>
    /// <param name="sample">The sample, counted from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such page or sample.</exception>
    public bool this[ulong page, int sample]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(page, Pages);
            ArgumentOutOfRangeException.ThrowIfNegative(sample);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(sample, Samples);
            return (_words[(sample * _wordsPerSample) + (int)(page / 64)] >> (int)(page % 64) & 1) != 0;
        }
    }

    private void Fill(int sample, PageRangeSet active)
    {
        Span<ulong> words = _words.AsSpan(sample * _wordsPerSample, _wordsPerSample);
        foreach (PageRange range in active.Ranges)
        {
            ulong first = Math.Max(range.FirstPage, FirstPage);
            ulong end = Math.Min(range.End, FirstPage + Pages);
            for (ulong page = first; page < end;)
            {
                ulong bit = page - FirstPage;
                ulong run = Math.Min(64 - (bit % 64), end - page);
                words[(int)(bit / 64)] |= (run == 64 ? ulong.MaxValue : (1UL << (int)run) - 1) << (int)(bit % 64);
                page += run;
            }
        }
    }
}
