namespace MemSnoop.Paging;

/// <summary>What an area of memory is for, by its name in <c>/proc/PID/maps</c>.</summary>
[Flags]
public enum AreaRoles
{
    /// <summary>No area.</summary>
    None = 0,

    /// <summary>The heap that brk(2) grows: <c>[heap]</c>.</summary>
    Heap = 1,

    /// <summary>The main thread's stack: <c>[stack]</c>. Stacks of other threads are anonymous memory to the kernel.</summary>
    Stack = 2,

    /// <summary>Memory without a file that is neither heap nor stack.</summary>
    Anonymous = 4,

    /// <summary>A mapped file, shared memory included: it has an inode.</summary>
    File = 8,

    /// <summary>Every area.</summary>
    All = Heap | Stack | Anonymous | File,
}
