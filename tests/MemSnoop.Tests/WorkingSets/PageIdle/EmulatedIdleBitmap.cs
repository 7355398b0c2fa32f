using MemSnoop.Kernel;
using MemSnoop.Paging;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>
/// What <c>mm/page_idle.c</c> does: heads of folios on a list of the reclaim answer for themselves, everything else reads
/// as 0 and takes no mark, a written 0 does nothing, and the last word must be whole.
/// </summary>
internal sealed class EmulatedIdleBitmap(FakeHost host) : IIdleBitmap
{
    public long Reads { get; private set; }

    public long Writes { get; private set; }

    /// <summary>Each word that was read since the last reset, and how often.</summary>
    public Dictionary<long, int> WordsRead { get; } = [];

    public int Read(long word, Span<ulong> words)
    {
        Reads++;
        int count = (int)Math.Clamp((long)(host.BitmapFrames / 64) - word, 0, words.Length);
        for (int i = 0; i < count; i++)
        {
            WordsRead[word + i] = WordsRead.GetValueOrDefault(word + i) + 1;
            words[i] = 0;
            for (int bit = 0; bit < 64; bit++)
            {
                if (Head((ulong)(word + i) * 64, bit) is { Idle: true })
                {
                    words[i] |= 1UL << bit;
                }
            }
        }

        return count;
    }

    public ReadOutcome Mark(long word, ReadOnlySpan<ulong> words)
    {
        Writes++;
        for (int i = 0; i < words.Length; i++)
        {
            for (int bit = 0; bit < 64; bit++)
            {
                if ((words[i] >> bit & 1) != 0 && Head((ulong)(word + i) * 64, bit) is { } folio)
                {
                    folio.Idle = true;
                }
            }
        }

        return ReadOutcome.Success;
    }

    private FakeFolio? Head(ulong first, int bit) =>
        host.FolioAt(first + (ulong)bit) is { IsOnLru: true } folio && folio.First == first + (ulong)bit ? folio : null;

    public void Dispose()
    {
    }
}
