namespace MemSnoop.Metrics.Configuration;

/// <summary>
/// A word that describes memory areas. The first four are what an area is for, and several of them widen the choice; the last three are
/// permissions, and an area must have all that are named.
/// </summary>
internal enum AreaWord
{
    /// <summary>The heap that brk(2) grows.</summary>
    Heap,

    /// <summary>The main thread's stack.</summary>
    Stack,

    /// <summary>Memory without a file, heap and stack apart.</summary>
    Anonymous,

    /// <summary>Mapped files and shared memory.</summary>
    File,

    /// <summary>Readable.</summary>
    Readable,

    /// <summary>Writable.</summary>
    Writable,

    /// <summary>Executable.</summary>
    Executable,
}
