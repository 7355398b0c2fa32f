using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using MemSnoop.WorkingSets;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>What measurements that are sampled have in common.</summary>
/// <param name="Host">The host and the options.</param>
/// <param name="WatchList">The watched processes.</param>
/// <param name="Labels">What series say of a process.</param>
/// <param name="CollectionNumber">Numbers the collections: what is read on request is read once in each.</param>
/// <param name="Loggers">For what runs in the background.</param>
/// <param name="Clock">The clock.</param>
/// <param name="Scope">Makes the instruments of a measurement.</param>
/// <param name="Measurements">The measurements that have started; others follow.</param>
internal sealed record SamplingContext(
    MeasuredHost Host, WatchList WatchList, ProcessLabels Labels, CollectionNumber CollectionNumber, ILoggerFactory Loggers, TimeProvider Clock, Func<SampledMeasurement, InstrumentScope> Scope,
    IReadOnlyList<SampledMeasurement> Measurements)
{
    /// <summary>The windows of working sets and what measures them; null before that measurement has started, and when none are measured.</summary>
    internal (WorkingSetWindows Windows, IWorkingSetEstimator Estimator)? WorkingSets { get; set; }

    /// <summary>What readings have cost so far, of all measurements together.</summary>
    internal TimeSpan SpentByReadings
    {
        get
        {
            TimeSpan spent = TimeSpan.Zero;
            for (int i = 0; i < Measurements.Count; i++)
            {
                spent += Measurements[i].Spent;
            }

            return spent;
        }
    }

    /// <summary>When a measurement that is read on request is read anew.</summary>
    internal ReadingSchedule Schedule(string measurement) => new(Host.Options.Readings.IntervalOf(measurement), CollectionNumber, Clock);
}
