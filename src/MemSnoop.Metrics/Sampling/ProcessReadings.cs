using MemSnoop.Kernel;
using MemSnoop.Measurements;

namespace MemSnoop.Metrics.Sampling;

/// <summary>One measurement of the watched processes that have series of their own, read when a collection needs it and the last reading is too old.</summary>
internal sealed class ProcessReadings<TSample>(
    IMeasurement<TSample> measurement,
    WatchList watchList,
    ReadingSchedule schedule,
    SampledMeasurement sampled,
    TimeProvider clock) : IProcessSamples<TSample>
    where TSample : struct
{
    private ProcessSample<TSample>[] _samples = [];
    private int _count;

    /// <inheritdoc/>
    public object Gate { get; } = new();

    /// <inheritdoc/>
    public ArraySegment<ProcessSample<TSample>> Current()
    {
        WatchedProcess[] processes = watchList.Current();
        if (schedule.IsDue())
        {
            Read(processes);
        }

        return new ArraySegment<ProcessSample<TSample>>(_samples, 0, _count);
    }

    private void Read(WatchedProcess[] processes)
    {
        Stint.Beginning beginning = Stint.Begin(clock);
        if (_samples.Length < processes.Length)
        {
            Array.Resize(ref _samples, processes.Length);
        }

        int count = 0;
        int attempts = 0;
        bool succeeded = false;
        foreach (WatchedProcess process in processes)
        {
            if (!process.HasSeries)
            {
                continue;
            }

            attempts++;
            ReadOutcome outcome = measurement.Measure(process.Process, out TSample sample);
            sampled.Count(outcome);
            if (outcome == ReadOutcome.Success)
            {
                _samples[count++] = new ProcessSample<TSample>(process, sample);
            }

            succeeded |= !outcome.IsError() && outcome != ReadOutcome.NotSupported;
        }

        if (count < _count)
        {
            // Do not keep ended processes alive.
            _samples.AsSpan(count, _count - count).Clear();
        }

        _count = count;
        measurement.EndRound();
        sampled.Finish(beginning.End(), succeeded || attempts == 0);
    }
}
