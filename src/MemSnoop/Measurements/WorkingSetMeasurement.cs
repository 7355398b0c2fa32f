using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Measurements;

/// <summary>
/// The working set of one process, window by window: the memory it accessed since the measurement before. Preparing begins
/// the first window.
/// </summary>
/// <param name="estimator">The estimator (<see cref="WorkingSetMethods.Create"/>), with one part; disposed with this object.</param>
public sealed class WorkingSetMeasurement(IWorkingSetEstimator estimator) : IMeasurement<WorkingSetSample>, IDisposable
{
    /// <summary>The measurement's name.</summary>
    public const string MeasurementName = "working-set";

    private readonly LastWindow _last = new();
    private readonly TrackedProcess[] _process = new TrackedProcess[1];

    /// <inheritdoc/>
    public string Name => MeasurementName;

    /// <inheritdoc/>
    public ReadOutcome Prepare(TrackedProcess process) => Pass(process);

    /// <inheritdoc/>
    public ReadOutcome Measure(TrackedProcess process, out WorkingSetSample sample)
    {
        ReadOutcome outcome = Pass(process);
        sample = _last.Sample;
        return outcome != ReadOutcome.Success || _last.IsComplete ? outcome : ReadOutcome.ProcessGone;   // an exec began a new address space, and a new window
    }

    private ReadOutcome Pass(TrackedProcess process)
    {
        _process[0] = process;
        _last.Begin();
        estimator.Pass(_process, 0, _last);
        return _last.Outcome;
    }

    /// <summary>Disposes the estimator.</summary>
    public void Dispose() => estimator.Dispose();

    /// <summary>The result of the last pass, which was over one process.</summary>
    private sealed class LastWindow : IWorkingSetSink
    {
        private WorkingSetSample _sample;

        internal WorkingSetSample Sample => _sample;

        /// <summary>Whether the last pass completed a window; the first one, and one after an exec, only begins it.</summary>
        internal bool IsComplete { get; private set; }

        internal ReadOutcome Outcome { get; private set; }

        internal void Begin()
        {
            _sample = default;
            IsComplete = false;
            Outcome = ReadOutcome.Success;
        }

        public void Completed(TrackedProcess process, in WorkingSetSample sample)
        {
            _sample = sample;
            IsComplete = true;
        }

        public void Skipped(TrackedProcess process, ReadOutcome reason) => Outcome = reason;
    }
}
