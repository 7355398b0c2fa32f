using Microsoft.Win32.SafeHandles;

namespace MemSnoop.Kernel;

/// <summary>
/// A file descriptor of a kernel file. Not <see cref="SafeFileHandle"/>: opening one of those adds fstat and flock calls,
/// and its errors arrive as exceptions, which at a thousand exits a second cost more than the reads.
/// </summary>
internal sealed class KernelHandle : SafeHandleMinusOneIsInvalid
{
    public KernelHandle()
        : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle() => Libc.Close((int)handle) == 0;
}
