using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;

namespace MemSnoop.Metrics.Sampling;

/// <summary>One measurement of the watched processes that have series of their own, read when a collection needs it and the last reading is too old.</summary>
internal sealed class ProcessReadings<TSample>(
    IMeasurement<TSample> measurement,
    WatchList watchList,
    ReadingSchedule schedule,
    SampledMeasurement sampled,
    TimeProvider clock) : IProcessSamples<TSample>, IWatchedWork
    where TSample : struct
{
    private ProcessSample<TSample>[] _samples = [];
    private int _count;

    // Where a reading is: another thread goes on with it where a process does not answer.
    private WatchedProcess[] _processes = [];
    private int _next;
    private int _read;
    private int _attempts;
    private bool _succeeded;
    private TimeSpan _cpu;

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

    /// <summary>Has the last sample of a process taken, by who looks at it apart from collections: nothing is read for it. False if there is none.</summary>
    internal bool TryFindLast(ProcessIdentity process, Action<TSample> take)
    {
        lock (Gate)
        {
            foreach (ProcessSample<TSample> entry in new ArraySegment<ProcessSample<TSample>>(_samples, 0, _count))
            {
                if (entry.Process.Process.Identity == process)
                {
                    // Here, since samples may share what the next reading writes to.
                    take(entry.Sample);
                    return true;
                }
            }
        }

        return false;
    }

    private void Read(WatchedProcess[] processes)
    {
        long started = clock.GetTimestamp();
        if (_samples.Length < processes.Length)
        {
            Array.Resize(ref _samples, processes.Length);
        }

        (_processes, _next, _read, _attempts, _succeeded, _cpu) = (processes, 0, 0, 0, false, TimeSpan.Zero);
        try
        {
            watchList.Thread.Run(this);
        }
        catch (OperationCanceledException)
        {
            // The pipeline ends, and who still collects finds nobody.
            (_read, _attempts) = (0, 0);
        }

        if (_read < _count)
        {
            // Do not keep ended processes alive.
            _samples.AsSpan(_read, _count - _read).Clear();
        }

        (_processes, _count) = ([], _read);
        measurement.EndRound();
        sampled.Finish(new Stint(clock.GetElapsedTime(started), _cpu), _succeeded || _attempts == 0);
    }

    void IWatchedWork.Do()
    {
        TimeSpan cpu = CpuTime.OfThisThread;
        for (; _next < _processes.Length; _next++)
        {
            WatchedProcess process = _processes[_next];
            if (!process.HasSeries)
            {
                continue;
            }

            ReadOutcome outcome = measurement.Measure(process.Process, out TSample sample);
            Note(outcome);
            if (outcome == ReadOutcome.Success)
            {
                _samples[_read++] = new ProcessSample<TSample>(process, sample);
            }
        }

        _cpu += CpuTime.OfThisThread - cpu;
    }

    void IWatchedWork.Skip(int pid)
    {
        Note(ReadOutcome.Hung);
        _next++;
    }

    private void Note(ReadOutcome outcome)
    {
        _attempts++;
        sampled.Count(outcome);
        _succeeded |= !outcome.IsError() && outcome != ReadOutcome.NotSupported;
    }
}
