using MemSnoop.Kernel;

namespace MemSnoop.Processes;

/// <summary>
/// A handle on maps, smaps or pagemap belongs to the address space it was opened for. Exit and exec end that address
/// space, and from then on the handle reads 0 bytes without an error, so that a list cut short in the middle looks whole.
/// </summary>
internal static class AddressSpace
{
    /// <summary>
    /// Checks, after the last line was read, whether the address space still exists. One byte is enough: the kernel makes the text of as many areas as are asked for,
    /// and a page of text is that of some forty.
    /// </summary>
    internal static ReadOutcome StillThere(KernelHandle areas, KernelBuffer buffer)
    {
        ReadOutcome outcome = KernelFile.Read(areas, buffer.Free(0)[..1], 0, out int count);
        return outcome != ReadOutcome.Success ? outcome
            : count == 0 ? ReadOutcome.ProcessGone
            : ReadOutcome.Success;
    }
}
