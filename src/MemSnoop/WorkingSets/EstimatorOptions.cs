using MemSnoop.Paging;
using MemSnoop.Processes;

namespace MemSnoop.WorkingSets;

/// <summary>What estimators need to know.</summary>
public sealed record EstimatorOptions
{
    /// <summary>The ages at which idle memory is reported.</summary>
    public IdleAges IdleAges { get; init; } = IdleAges.Default;

    /// <summary>Which areas count. Default value: all. Heeded by the page_idle method.</summary>
    public AreaFilter Areas { get; init; } = AreaFilter.All;

    /// <summary>
    /// Into how many parts a pass is divided, to be spread over the interval. Default value: 1, the whole pass at once.
    /// Heeded by the page_idle method.
    /// </summary>
    public int Parts { get; init; } = 1;

    /// <summary>
    /// The group a process belongs to, such as its container, or null; the working set of a group counts a page once
    /// however many of its processes map it. Default value: null, no groups. Heeded by the page_idle method.
    /// </summary>
    public Func<TrackedProcess, string?>? GroupOf { get; init; }

    /// <summary>
    /// The referenced method leaves larger processes alone. Unit: bytes of resident memory. Default value: 4 GiB, about
    /// 50 ms during which a write to clear_refs holds the process's mmap lock.
    /// </summary>
    public ulong ReferencedMaxResidentBytes { get; init; } = 4UL << 30;
}
