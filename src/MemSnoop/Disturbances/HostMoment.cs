using MemSnoop.ProcFs;

namespace MemSnoop.Disturbances;

/// <summary>What <see cref="HostDisturbances"/> knows of one moment.</summary>
internal sealed class HostMoment(HostDisturbances watch) : IDisturbanceMoment
{
    /// <summary>The time by a clock that is never set, from an arbitrary start.</summary>
    internal TimeSpan At { get; set; }

    /// <summary>Whether it is in use; of one that is not, nothing else means anything.</summary>
    internal bool IsHeld { get; set; }

    internal VmStat Host { get; set; }

    internal GenerationsListing Generations { get; } = new();

    /// <summary>Whether the multi-generational LRU is on.</summary>
    internal bool HasGenerations { get; set; }

    /// <summary>The number of the last reading of control groups' counters.</summary>
    internal long Reading { get; set; }

    internal MergedPages Merged { get; set; }

    internal (bool IsOn, long Changes) Damon { get; set; }

    internal (int Open, long Uses) Bitmap { get; set; }

    public void Dispose() => watch.Return(this);
}
