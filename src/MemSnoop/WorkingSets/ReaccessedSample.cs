namespace MemSnoop.WorkingSets;

/// <summary>Memory of a process, or of several, that was accessed after it had been idle, since it has been watched. Only ever grows.</summary>
internal readonly record struct ReaccessedSample
{
    /// <summary>
    /// For each age of <see cref="IdleAges"/> the bytes that were accessed after they had been idle for at least so long. The first age, 0, is not counted: that
    /// would be each working set again. Only the first <see cref="KnownAges"/> are known.
    /// </summary>
    internal required IdleBytes Bytes { get; init; }

    /// <summary>Bytes that may have been accessed after as long as well, since something disturbed a window.</summary>
    internal required IdleBytes DoubtfulBytes { get; init; }

    /// <summary>How many ages memory can have reached, since it has been watched that long.</summary>
    internal required int KnownAges { get; init; }
}
