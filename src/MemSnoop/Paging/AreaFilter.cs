using System.Text;
using System.Text.RegularExpressions;
using MemSnoop.ProcFs;

namespace MemSnoop.Paging;

/// <summary>Which areas of a process count. Memory outside of them is not marked and is in no number.</summary>
public sealed record AreaFilter
{
    /// <summary>A filter that accepts every area.</summary>
    public static AreaFilter All { get; } = new();

    /// <summary>The roles that count. Default value: all.</summary>
    public AreaRoles Roles { get; init; } = AreaRoles.All;

    /// <summary>Permissions an area must have, all of them. Default value: none.</summary>
    public AreaPermissions Permissions { get; init; } = AreaPermissions.None;

    /// <summary>Only areas of more pages than this count, whether the pages are present or not. Default value: 0.</summary>
    public long LongerThanPages { get; init; }

    /// <summary>An expression found in the area's path or name, like <c>\.so</c> or <c>^\[heap\]$</c>. Default value: null.</summary>
    public Regex? Path { get; init; }

    /// <summary>The role of an area.</summary>
    public static AreaRoles RoleOf(in MapsEntry entry) => entry.Inode != 0 ? AreaRoles.File
        : entry.Path.SequenceEqual("[heap]"u8) ? AreaRoles.Heap
        : entry.Path.SequenceEqual("[stack]"u8) ? AreaRoles.Stack
        : AreaRoles.Anonymous;

    /// <summary>Whether an area counts.</summary>
    /// <param name="entry">The area.</param>
    /// <param name="pageBytes">Size of a page.</param>
    public bool Includes(in MapsEntry entry, ulong pageBytes) =>
        (Roles == AreaRoles.All || (Roles & RoleOf(entry)) != 0)
        && (entry.Permissions & Permissions) == Permissions
        && (entry.End - entry.Start) / pageBytes > (ulong)LongerThanPages
        && (Path is null || Path.IsMatch(Encoding.UTF8.GetString(entry.Path)));
}

/// <summary>The role of an area, by its name in <c>/proc/PID/maps</c>.</summary>
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
