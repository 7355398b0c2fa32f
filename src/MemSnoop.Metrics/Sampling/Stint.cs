using MemSnoop.Kernel;

namespace MemSnoop.Metrics.Sampling;

/// <summary>Wall time and CPU time of a piece of work on one thread.</summary>
internal readonly record struct Stint(TimeSpan Duration, TimeSpan Cpu)
{
    public static Stint operator +(Stint left, Stint right) => new(left.Duration + right.Duration, left.Cpu + right.Cpu);

    /// <summary>Starts the clocks.</summary>
    internal static Beginning Begin(TimeProvider clock) => new(clock, clock.GetTimestamp(), CpuTime.OfThisThread);

    /// <summary>The readings of both clocks at the start.</summary>
    internal readonly record struct Beginning(TimeProvider Clock, long Timestamp, TimeSpan Cpu)
    {
        /// <summary>What has passed since; on the same thread.</summary>
        internal Stint End() => new(Clock.GetElapsedTime(Timestamp), CpuTime.OfThisThread - Cpu);
    }
}
