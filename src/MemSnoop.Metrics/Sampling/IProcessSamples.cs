namespace MemSnoop.Metrics.Sampling;

/// <summary>A sample and its process.</summary>
internal readonly record struct ProcessSample<TSample>(WatchedProcess Process, TSample Sample)
    where TSample : struct;

/// <summary>The latest samples of one measurement, of readings and windows alike: all that instruments know of sampling.</summary>
internal interface IProcessSamples<TSample>
    where TSample : struct
{
    /// <summary>Lock this while the samples are in use: two exporters may collect at once, and the array is reused.</summary>
    object Gate { get; }

    /// <summary>The samples; some may belong to processes that have ended since.</summary>
    ArraySegment<ProcessSample<TSample>> Current();
}
