using System.Diagnostics;

namespace MemSnoop.Kernel;

/// <summary>How long a system call took, or the longest of several.</summary>
/// <param name="Time">By the clock.</param>
/// <param name="Cpu">Processor time: less if the thread lost its processor.</param>
internal readonly record struct CallTime(TimeSpan Time, TimeSpan Cpu)
{
    /// <summary>The longer one, by each clock.</summary>
    internal static CallTime Longer(in CallTime left, in CallTime right) =>
        new(left.Time > right.Time ? left.Time : right.Time, left.Cpu > right.Cpu ? left.Cpu : right.Cpu);

    /// <summary>Begins to measure a call.</summary>
    internal static Beginning Begin() => new(Stopwatch.GetTimestamp(), CpuTime.OfThisThread);

    /// <summary>The clocks at the beginning of a call.</summary>
    internal readonly record struct Beginning(long Timestamp, TimeSpan Cpu)
    {
        internal CallTime End() => new(Stopwatch.GetElapsedTime(Timestamp), CpuTime.OfThisThread - Cpu);
    }
}
