using System.Numerics;

namespace MemSnoop.WorkingSets.Damon;

/// <summary>
/// Which pages are samples: of each block of pages, aligned to its size, one that was chosen by chance. Of the block's two halves one is taken by a bit that depends on the block alone, and of that
/// one again. So each page has the same chance, whatever is used beside it; a page that stays resident stays a sample; one that comes is chosen like those that are there; and what is chosen of
/// large blocks is part of what is chosen of smaller ones. Memory that is used in long pieces is met by samples in proportion, which makes the estimate better than its error says.
/// </summary>
internal struct SampleRate
{
    /// <summary>Every page.</summary>
    internal const ulong All = 1UL << 32;

    public SampleRate() => (Anon, File, Shmem) = (All, All, All);

    internal ulong Anon { get; private set; }

    internal ulong File { get; private set; }

    internal ulong Shmem { get; private set; }

    /// <summary>The rate of a kind, as a part of <see cref="All"/>.</summary>
    internal readonly ulong this[PageKind kind] => kind switch
    {
        PageKind.Anon => Anon,
        PageKind.File => File,
        _ => Shmem,
    };

    /// <summary>Whether a page is a sample at a rate.</summary>
    internal static bool Takes(ulong rate, ulong page)
    {
        int levels = BitOperations.TrailingZeroCount(All) - BitOperations.Log2(rate);
        for (int level = 1; level <= levels; level++)
        {
            // The half of its block that the page lies in is the one that is not taken, half of the times.
            if ((((page >> (level - 1)) ^ Mix((page >> level) ^ ((ulong)level << 58))) & 1) != 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Rates by which so many resident pages have at most so many samples. The kind with most pages has nearly all of them, since its error is that of the sum; the others have up
    /// to an eighth each, which is all of their pages where those are few.
    /// Rates are powers of two, and a rate only rises when it can rise for long.
    /// </summary>
    /// <param name="pages">Resident pages.</param>
    /// <param name="budget">The most samples.</param>
    internal readonly SampleRate For(in PerKind pages, long budget)
    {
        ulong left = (ulong)budget;
        SampleRate rate = this;
        Span<PageKind> kinds = [PageKind.Anon, PageKind.File, PageKind.Shmem];
        if (pages[kinds[0]] > pages[kinds[1]])
        {
            (kinds[0], kinds[1]) = (kinds[1], kinds[0]);
        }

        if (pages[kinds[1]] > pages[kinds[2]])
        {
            (kinds[1], kinds[2]) = (kinds[2], kinds[1]);
        }

        if (pages[kinds[0]] > pages[kinds[1]])
        {
            (kinds[0], kinds[1]) = (kinds[1], kinds[0]);
        }

        for (int i = 0; i < kinds.Length; i++)
        {
            ulong share = i == kinds.Length - 1 ? left : (ulong)budget / 8;
            ulong threshold = Threshold(this[kinds[i]], pages[kinds[i]], Math.Max(share, 1));
            rate = rate.With(kinds[i], threshold);
            ulong taken = Expected(pages[kinds[i]], threshold);
            left -= Math.Min(left, taken);
        }

        return rate;
    }

    /// <summary>The rate of one kind, a step lower.</summary>
    internal readonly SampleRate Lower(PageKind kind) => With(kind, Lower(this[kind]));

    private static ulong Lower(ulong rate) => Math.Max(rate / 2, 1);

    private static ulong Threshold(ulong now, ulong pages, ulong share)
    {
        ulong threshold = All;
        while (threshold > 1 && Expected(pages, threshold) > share)
        {
            threshold = Lower(threshold);
        }

        // Pages that are chosen from now on have no past: not for a little growth of what is resident and its shrinking again.
        return threshold > now && threshold < All && Expected(pages, threshold) > share * 3 / 4 ? now : threshold;
    }

    private static ulong Expected(ulong pages, ulong threshold) => (ulong)(((UInt128)pages * threshold) >> 32);

    private readonly SampleRate With(PageKind kind, ulong threshold) => kind switch
    {
        PageKind.Anon => this with { Anon = threshold },
        PageKind.File => this with { File = threshold },
        _ => this with { Shmem = threshold },
    };

    /// <summary>The finaliser of MurmurHash3: each bit of the result depends on all bits of the page's number.</summary>
    private static ulong Mix(ulong value)
    {
        value ^= value >> 33;
        value *= 0xff51afd7ed558ccd;
        value ^= value >> 33;
        value *= 0xc4ceb9fe1a85ec53;
        return value ^ (value >> 33);
    }
}
