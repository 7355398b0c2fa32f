using MemSnoop.Paging;

namespace MemSnoop.Tracing;

/// <summary>What a process accessed within one window.</summary>
/// <param name="Offset">The window's end, counted from the trace's start.</param>
/// <param name="Window">The window's length: a page is active when it was accessed at least once within it.</param>
/// <param name="Areas">The areas of the address space at the window's end, ascending and disjoint.</param>
/// <param name="Active">The active pages.</param>
public sealed record PageSample(TimeSpan Offset, TimeSpan Window, IReadOnlyList<TracedArea> Areas, PageRangeSet Active);
