using System.Runtime.InteropServices;
using MemSnoop.Kernel;

namespace MemSnoop.Paging;

/// <summary>
/// The file <c>/sys/kernel/mm/page_idle/bitmap</c>: bit i of it is page frame i. Reading a 1 means that the frame was
/// marked and not accessed since; writing a 1 marks it; writing a 0 does nothing. Both walk all mappings of each frame
/// that is, or becomes, idle. Source: <c>Documentation/admin-guide/mm/idle_page_tracking.rst</c>, <c>mm/page_idle.c</c>.
/// </summary>
internal sealed class IdleBitmap : IIdleBitmap
{
    internal const string RelativePath = "kernel/mm/page_idle/bitmap";

    private readonly KernelHandle _handle;

    private IdleBitmap(KernelHandle handle) => _handle = handle;

    internal static ReadOutcome Open(KernelPaths paths, out IdleBitmap? bitmap)
    {
        ReadOutcome outcome = KernelFile.Open(paths.Sys(RelativePath), Libc.OpenReadWrite, out KernelHandle handle);
        bitmap = outcome == ReadOutcome.Success ? new IdleBitmap(handle) : null;
        return outcome;
    }

    /// <summary>
    /// Locks out other users of the bitmap that take the lock, until this one is disposed: two users would end each other's windows. The lock is on the file
    /// itself, so it also works between containers that share the host's /sys.
    /// </summary>
    internal bool TryLock() => Libc.Flock(_handle, Libc.LockExclusive | Libc.LockNonBlocking) == 0;

    /// <inheritdoc/>
    /// <remarks>If memory ends inside a word, the kernel stops there and returns the words before.</remarks>
    public int Read(long word, Span<ulong> words) =>
        KernelFile.Read(_handle, MemoryMarshal.AsBytes(words), word * sizeof(ulong), out int bytes) == ReadOutcome.Success
            ? bytes / sizeof(ulong)
            : 0;

    /// <inheritdoc/>
    public ReadOutcome Mark(long word, ReadOnlySpan<ulong> words)
    {
        ReadOutcome outcome = KernelFile.Write(_handle, MemoryMarshal.AsBytes(words), word * sizeof(ulong));

        // At the end of memory the kernel accepts the whole words before it, and returns a short count.
        return outcome == ReadOutcome.Failed ? ReadOutcome.Success : outcome;
    }

    public void Dispose() => _handle.Dispose();
}

/// <summary>
/// The idle flags of page frames, in words of 64. An interface, because a plain file does not behave like the kernel: a written 0 would clear a mark, and tail
/// pages could be marked.
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
