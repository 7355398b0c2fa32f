using MemSnoop.Paging;
using MemSnoop.ProcFs;

namespace MemSnoop.Tracing;

/// <summary>The pages that a process accessed within one window.</summary>
/// <param name="Offset">The window's end, counted from the trace's start.</param>
/// <param name="Window">The window's length: a page is active when it was accessed at least once within it.</param>
/// <param name="Areas">The areas of the address space at the window's end, ascending and disjoint.</param>
/// <param name="Active">The active pages.</param>
public sealed record PageSample(TimeSpan Offset, TimeSpan Window, IReadOnlyList<TracedArea> Areas, PageRangeSet Active);

/// <summary>One area of a traced process's address space, as <c>/proc/PID/maps</c> had it.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">Address after the last byte.</param>
/// <param name="Permissions">What the process may do there.</param>
/// <param name="Name">The mapped file's path or the kernel's name for the area (<c>[heap]</c>); empty for memory without a name.</param>
public readonly record struct TracedArea(ulong Start, ulong End, AreaPermissions Permissions, string Name)
{
    /// <summary>The permissions as maps prints them: <c>rw-p</c>.</summary>
    public string PermissionLetters => string.Create(4, Permissions, static (letters, permissions) =>
    {
        letters[0] = permissions.HasFlag(AreaPermissions.Read) ? 'r' : '-';
        letters[1] = permissions.HasFlag(AreaPermissions.Write) ? 'w' : '-';
        letters[2] = permissions.HasFlag(AreaPermissions.Execute) ? 'x' : '-';
        letters[3] = permissions.HasFlag(AreaPermissions.Shared) ? 's' : 'p';
    });
}
