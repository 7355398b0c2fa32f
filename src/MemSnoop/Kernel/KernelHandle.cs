using Microsoft.Win32.SafeHandles;

namespace MemSnoop.Kernel;

/// <summary>
/// A file descriptor of a kernel file. Not <see cref="SafeFileHandle"/>: opening one of those adds fstat and flock calls, and reports errors as exceptions,
/// which at a thousand exits per second cost more than the reads.
/// </summary>
internal sealed class KernelHandle : SafeHandleMinusOneIsInvalid
{
    /// <summary>
    /// Takes over what open(2) returned. The call returns an int, and a handle is as wide as a pointer: a marshalled -1
    /// would arrive as 4,294,967,295 and look valid, so the conversion is made here.
    /// </summary>
    internal KernelHandle(int descriptor)
        : base(ownsHandle: true) => SetHandle(descriptor);

    /// <summary>The handle of a failed open.</summary>
    internal static KernelHandle None { get; } = new(-1);

    protected override bool ReleaseHandle() => Libc.Close((int)handle) == 0;
}
