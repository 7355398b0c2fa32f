using MemSnoop.Kernel;
using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// Lets several windows run on one idle bitmap at the same time. A mark hides every access before it from all windows. So before one of them marks frames, those
/// that were accessed are noted for all others.
/// </summary>
internal sealed class SharedIdleBitmap(IIdleBitmap bitmap, KpageFlags kpageFlags) : IDisposable
{
    private readonly List<View> _views = [];
    private readonly ulong[] _idle = new ulong[FrameBlock.Words];
    private readonly ulong[] _flags = new ulong[64];

    /// <summary>The bitmap for windows whose frames are kept in a table of their own.</summary>
    internal IIdleBitmap Open(FrameTable frames)
    {
        View view = new(this, frames);
        _views.Add(view);
        return view;
    }

    /// <summary>Gives back the bitmap itself.</summary>
    public void Dispose() => bitmap.Dispose();

    private void NoteUse(View marker, long word, ReadOnlySpan<ulong> marks)
    {
        Span<ulong> idle = _idle.AsSpan(0, marks.Length);
        int read = bitmap.Read(word, idle);
        for (int i = 0; i < read; i++)
        {
            ulong used = marks[i] & ~idle[i];
            if (used == 0)
            {
                continue;
            }

            used &= ~Tails(word + i);
            foreach (View other in _views)
            {
                if (other != marker && other.Frames.Find((ulong)(word + i) * 64) is { } block)
                {
                    block.NoteUsed((int)((word + i) % FrameBlock.Words), used);
                }
            }
        }
    }

    /// <summary>Tails of folios always read as accessed; their head tells.</summary>
    private ulong Tails(long word)
    {
        ulong tails = 0;
        int count = kpageFlags.ReadInto((ulong)word * 64, _flags);
        for (int i = 0; i < count; i++)
        {
            tails |= new PageFlags(_flags[i]).IsCompoundTail ? 1UL << i : 0;
        }

        return tails;
    }

    private sealed class View(SharedIdleBitmap shared, FrameTable frames) : IIdleBitmap
    {
        internal FrameTable Frames => frames;

        public int Read(long word, Span<ulong> words) => shared.Bitmap.Read(word, words);

        public ReadOutcome Mark(long word, ReadOnlySpan<ulong> words)
        {
            if (shared._views.Count > 1)
            {
                shared.NoteUse(this, word, words);
            }

            return shared.Bitmap.Mark(word, words);
        }

        public void Dispose() => shared._views.Remove(this);
    }

    private IIdleBitmap Bitmap => bitmap;
}
