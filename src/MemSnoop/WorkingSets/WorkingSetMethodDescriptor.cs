using MemSnoop.Disturbances;
using MemSnoop.Kernel;

namespace MemSnoop.WorkingSets;

/// <summary>All that the choice of a method needs to know of it: a method describes itself, and nothing else names it.</summary>
internal sealed record WorkingSetMethodDescriptor
{
    /// <summary>The name in options and metrics.</summary>
    internal required string Name { get; init; }

    /// <summary>By what it sees accesses, after "by": for people who have not read of it.</summary>
    internal required string Means { get; init; }

    /// <summary>What it estimates.</summary>
    internal required MethodScope Estimates { get; init; }

    /// <summary>How exactly: a few words, which begin in lower case.</summary>
    internal required string Precision { get; init; }

    /// <summary>The methods whose windows it would disturb: two such methods never run at once, which their locks see to.</summary>
    internal required IReadOnlyList<string> Disturbs { get; init; }

    /// <summary>What disturbs its windows; the rest is harmless to it.</summary>
    internal required IReadOnlyList<Disturbance> DisturbedBy { get; init; }

    /// <summary>Whether it can measure a share of memory, to keep within a budget of processor time. Default value: false.</summary>
    internal bool CanMeasureShares { get; init; }

    /// <summary>Finds out whether it works on a host, and why not.</summary>
    internal required Func<KernelPaths, ProbeResult> Probe { get; init; }

    /// <summary>Makes its estimator.</summary>
    internal required Func<KernelPaths, EstimatorOptions, TimeProvider, IWorkingSetEstimator> Create { get; init; }
}

/// <summary>Whose working set a method estimates.</summary>
[Flags]
internal enum MethodScope
{
    /// <summary>Nobody's.</summary>
    None = 0,

    /// <summary>Each process.</summary>
    Process = 1,

    /// <summary>Several processes together, such as those of a container, each page once.</summary>
    Group = 2,

    /// <summary>A control group, with its page cache that nobody maps.</summary>
    ControlGroup = 4,

    /// <summary>The whole host.</summary>
    Host = 8,
}
