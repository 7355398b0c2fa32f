using MemSnoop.Kernel;
using MemSnoop.Processes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// A measurement while it is sampled: how it is taken, what that costs, and why numbers are missing. A measurement that
/// is more than readings on request (it holds something, runs in the background, counts from a beginning) derives from this.
/// </summary>
/// <param name="name">The measurement's name.</param>
/// <param name="methods">How it is taken, or why not.</param>
internal class SampledMeasurement(string name, params IReadOnlyList<MethodState> methods) : IDisposable
{
    private double _seconds = double.NaN;
    private double _cpuSeconds = double.NaN;
    private long _missed;
    private long _spentTicks;

    internal string Name { get; } = name;

    /// <summary>Rows of <c>memsnoop.measurement.info</c>, as of now.</summary>
    internal virtual IEnumerable<MethodState> Methods => methods;

    /// <summary>Whether it is taken at all.</summary>
    internal bool IsOn => Methods.Any(static method => method.State == MethodState.On);

    /// <summary>What the reading cost whose numbers the current collection shows.</summary>
    internal virtual ReadingCost Cost => new(Volatile.Read(ref _seconds), Volatile.Read(ref _cpuSeconds));

    /// <summary>CPU time that its readings have taken so far. Passes of working sets are not among them.</summary>
    internal TimeSpan Spent => TimeSpan.FromTicks(Volatile.Read(ref _spentTicks));

    /// <summary>Whether the last reading or pass as a whole succeeded; null before there is one that could tell something.</summary>
    internal virtual bool? Succeeded { get; private protected set; }

    /// <summary>Skipped processes by reason, as of the numbers that the current collection shows.</summary>
    internal virtual IEnumerable<KeyValuePair<string, long>> ShownSkips => Skipped.ToArray();

    /// <summary>Whether there is something to see: false until the first window has ended, for what is measured in windows.</summary>
    internal virtual bool IsReady => true;

    /// <summary>Since when a pass is under way, in seconds since the Unix epoch; null if none is.</summary>
    internal virtual double? PassStarted => null;

    /// <summary>Passes that were left out because the one before had not ended.</summary>
    internal virtual long MissedPasses => Volatile.Read(ref _missed);

    /// <summary>Skipped processes, by reason.</summary>
    internal SkipCounts Skipped { get; } = new();

    /// <summary>Readings that failed, by reason.</summary>
    internal SkipCounts Errors { get; } = new();

    /// <summary>What runs in the background for it; null when it is read on request.</summary>
    internal virtual IHostedService? Service => null;

    /// <summary>Notes how the reading of one process, or of a whole file, ended.</summary>
    internal void Count(ReadOutcome outcome)
    {
        if (outcome != ReadOutcome.Success)
        {
            (outcome.IsError() ? Errors : Skipped).Add(outcome.ToReason());
        }
    }

    /// <summary>Notes the end of a reading or pass.</summary>
    internal void Finish(Stint stint, bool succeeded)
    {
        Volatile.Write(ref _seconds, stint.Duration.TotalSeconds);
        Volatile.Write(ref _cpuSeconds, stint.Cpu.TotalSeconds);
        Interlocked.Add(ref _spentTicks, stint.Cpu.Ticks);
        Succeeded = succeeded;
    }

    /// <summary>Notes how many passes were left out so far.</summary>
    internal void Miss(long total) => Volatile.Write(ref _missed, total);

    /// <summary>Begins, with the processes that live now, what has to begin before it can be read.</summary>
    internal virtual void Begin()
    {
    }

    /// <summary>
    /// When a counter began, where that was not with the process or the boot of the host: in seconds since the Unix epoch,
    /// or null when it is not known.
    /// </summary>
    /// <returns>Whether the measurement's counters have a beginning of their own.</returns>
    internal virtual bool TryGetCreatedTime(ReadOnlySpan<KeyValuePair<string, object?>> attributes, out double? created)
    {
        created = null;
        return false;
    }

    /// <summary>Says in the log how it is taken and what limits it.</summary>
    internal virtual void Report(ILogger logger)
    {
    }

    public virtual void Dispose()
    {
    }
}

/// <summary>What a reading or pass over all watched processes cost.</summary>
/// <param name="Seconds">How long it took; NaN before the first.</param>
/// <param name="CpuSeconds">CPU time, in the kernel and in user space; NaN before the first.</param>
internal readonly record struct ReadingCost(double Seconds, double CpuSeconds)
{
    internal static ReadingCost Unknown { get; } = new(double.NaN, double.NaN);
}

/// <summary>A way to take a measurement, and whether it is used.</summary>
/// <param name="Method">How: a kernel file, an estimator or a provider.</param>
/// <param name="State"><c>on</c>, <c>off</c>, <c>available</c> (works but something better is on) or <c>unavailable</c>.</param>
/// <param name="Reason">One word: <c>ok</c>, <c>disabled</c>, or what is missing.</param>
internal readonly record struct MethodState(string Method, string State, string Reason)
{
    internal const string On = "on";
    internal const string Off = "off";
    internal const string Available = "available";
    internal const string Unavailable = "unavailable";

    internal static MethodState Works(string method) => new(method, On, "ok");

    internal static MethodState Disabled(string method) => new(method, Off, "disabled");
}
