namespace MemSnoop.WorkingSets;

/// <summary>What estimators need to know.</summary>
public sealed record EstimatorOptions
{
    /// <summary>The ages at which idle memory is reported.</summary>
    public IdleAges IdleAges { get; init; } = IdleAges.Default;

    /// <summary>
    /// The referenced method leaves larger processes alone. Unit: bytes of resident memory. Default value: 4 GiB, about
    /// 50 ms during which a write to clear_refs holds the process's mmap lock.
    /// </summary>
    public ulong ReferencedMaxResidentBytes { get; init; } = 4UL << 30;
}
