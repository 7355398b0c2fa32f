using System.Runtime.CompilerServices;
using MemSnoop.Measurements;

namespace MemSnoop.Tracing;

/// <summary>
/// Follows one process: takes a sample of all measurements every period, in the order in which they were named. The first sample is taken one period after the
/// start, so that measurements over a window have one. Later samples are taken at multiples of the period. A multiple that passes while a sample is still
/// being taken is skipped.
/// </summary>
/// <example>
/// <code>
/// using SnoopedProcess process = SnoopedProcess.Attach(pid);
/// TraceResult data = ProcessTrace.Of(process)
///     .Measure("initial", new TimestampMeasurement())
///     .Measure("memory", new StatmMeasurement(KernelUnits.Current))
///     .Every(TimeSpan.FromSeconds(1))
///     .Times(3)
///     .Run();
/// foreach (MemorySample memory in data.Column&lt;MemorySample&gt;("memory")) { ... }
/// </code>
/// </example>
public sealed class ProcessTrace
{
    private readonly SnoopedProcess _process;
    private readonly TraceSlots _slots = new();
    private TimeProvider _clock = TimeProvider.System;
    private TracePlan _plan = new(TimeSpan.FromSeconds(1), int.MaxValue, TimeSpan.MaxValue);
    private bool _hasRun;

    private ProcessTrace(SnoopedProcess process) => _process = process;

    /// <summary>A trace of a process, by default once a second and until the process ends.</summary>
    public static ProcessTrace Of(SnoopedProcess process)
    {
        ArgumentNullException.ThrowIfNull(process);
        return new ProcessTrace(process);
    }

    /// <summary>Adds a measurement under a name of the caller's.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public ProcessTrace Measure<T>(string name, IMeasurement<T> measurement)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(measurement);
        _slots.Add(new TraceSlot<T>(name, measurement));
        return this;
    }

    /// <summary>Adds a measurement under its own name.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public ProcessTrace Measure<T>(IMeasurement<T> measurement)
    {
        ArgumentNullException.ThrowIfNull(measurement);
        return Measure(measurement.Name, measurement);
    }

    /// <summary>Sets the time between samples. Default value: 1 s.</summary>
    public ProcessTrace Every(TimeSpan period)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(period, TimeSpan.Zero);
        _plan = _plan with { Period = period };
        return this;
    }

    /// <summary>Ends the trace after this many samples.</summary>
    public ProcessTrace Times(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        _plan = _plan with { Count = count };
        return this;
    }

    /// <summary>Ends the trace after this time.</summary>
    public ProcessTrace For(TimeSpan duration)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(duration, TimeSpan.Zero);
        _plan = _plan with { Duration = duration };
        return this;
    }

    /// <summary>Ends the trace only when the process ends: resets <see cref="Times"/> and <see cref="For"/>.</summary>
    public ProcessTrace UntilExit()
    {
        _plan = _plan with { Count = int.MaxValue, Duration = TimeSpan.MaxValue };
        return this;
    }

    /// <summary>Uses another clock than the system's.</summary>
    public ProcessTrace By(TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        _clock = clock;
        return this;
    }

    /// <summary>Runs the trace and waits for its end.</summary>
    /// <param name="callback">Called with each sample as it is taken.</param>
    /// <param name="cancellation">Ends the trace; what was measured until then is the result.</param>
    public TraceResult Run(Action<TraceSample>? callback = null, CancellationToken cancellation = default) =>
        RunAsync(callback, cancellation).GetAwaiter().GetResult();

    /// <summary>Runs the trace and keeps all samples.</summary>
    /// <param name="callback">Called with each sample as it is taken.</param>
    /// <param name="cancellation">Ends the trace; what was measured until then is the result.</param>
    public async Task<TraceResult> RunAsync(Action<TraceSample>? callback = null, CancellationToken cancellation = default)
    {
        TraceRun run = Start();
        while (await run.WaitAsync(cancellation).ConfigureAwait(false) && run.TryTake(out TraceSample sample))
        {
            run.Keep();
            callback?.Invoke(sample);
        }

        return new TraceResult(run);
    }

    /// <summary>
    /// The samples as they are taken. None is kept, so a trace can have any length. A sample can be read until the next one is requested.
    /// </summary>
    /// <param name="cancellation">Ends the trace, without an exception.</param>
    public IEnumerable<TraceSample> Samples(CancellationToken cancellation = default)
    {
        TraceRun run = Start();
        while (run.WaitAsync(cancellation).AsTask().GetAwaiter().GetResult() && run.TryTake(out TraceSample sample))
        {
            yield return sample;
        }
    }

    /// <inheritdoc cref="Samples"/>
    public async IAsyncEnumerable<TraceSample> SamplesAsync([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        TraceRun run = Start();
        while (await run.WaitAsync(cancellation).ConfigureAwait(false) && run.TryTake(out TraceSample sample))
        {
            yield return sample;
        }
    }

    private TraceRun Start()
    {
        if (_hasRun)
        {
            throw new InvalidOperationException("A trace can run only once.");
        }

        _hasRun = true;
        return new TraceRun(_process, _slots, _plan, _clock);
    }
}
