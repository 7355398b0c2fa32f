using System.Collections.Concurrent;
using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Metrics.Sampling;

/// <summary>What is known about the measuring itself: every number that is missing elsewhere is accounted for here.</summary>
internal sealed class MeasurementLedger
{
    private readonly ConcurrentDictionary<string, MeasurementAccount> _accounts = new();

    internal IEnumerable<MeasurementAccount> Accounts => _accounts.Values;

    internal MeasurementAccount For(string measurement) => _accounts.GetOrAdd(measurement, static name => new MeasurementAccount(name));
}

/// <summary>The books of one measurement.</summary>
internal sealed class MeasurementAccount(string measurement)
{
    private double _seconds = double.NaN;
    private double _cpuSeconds = double.NaN;
    private long _missed;

    internal string Measurement { get; } = measurement;

    /// <summary>How long the last reading or pass took; NaN before the first.</summary>
    internal double Seconds => Volatile.Read(ref _seconds);

    /// <summary>CPU time the last reading or pass took, in the kernel and outside; NaN before the first.</summary>
    internal double CpuSeconds => Volatile.Read(ref _cpuSeconds);

    /// <summary>Whether the last reading or pass as a whole succeeded; null before the first.</summary>
    internal bool? Succeeded { get; private set; }

    /// <summary>Ticks that were skipped because the pass before had not ended.</summary>
    internal long MissedTicks => Volatile.Read(ref _missed);

    /// <summary>Processes passed over, by reason.</summary>
    internal SkipCounts Skipped { get; } = new();

    /// <summary>Readings that failed, by reason.</summary>
    internal SkipCounts Errors { get; } = new();

    internal void Count(ReadOutcome outcome)
    {
        if (outcome == ReadOutcome.Success)
        {
            return;
        }

        (outcome.IsError() ? Errors : Skipped).Add(outcome.ToReason());
    }

    internal void Finish(Stint stint, bool succeeded)
    {
        Volatile.Write(ref _seconds, stint.Duration.TotalSeconds);
        Volatile.Write(ref _cpuSeconds, stint.Cpu.TotalSeconds);
        Succeeded = succeeded;
    }

    internal void Miss(long total) => Volatile.Write(ref _missed, total);
}
