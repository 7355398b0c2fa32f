using MemSnoop.Kernel;

namespace MemSnoop.Paging;

/// <summary>
/// The idle flags of page frames, in words of 64. An interface because a plain file cannot stand in for the kernel: it
/// would take a written 0 for an order, and let tail pages be marked.
/// </summary>
internal interface IIdleBitmap : IDisposable
{
    /// <summary>
    /// Reads words of 64 frames; a set bit is a frame that was marked and not accessed since. Returns how many words
    /// could be read: fewer than asked for at the end of memory.
    /// </summary>
    int Read(long word, Span<ulong> words);

    /// <summary>Marks the frames of the set bits as idle.</summary>
    ReadOutcome Mark(long word, ReadOnlySpan<ulong> words);
}
