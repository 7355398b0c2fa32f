using System.Diagnostics.Metrics;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Metrics.Instruments;

/// <summary>Takes one number out of a sample; null when it could not be measured, and then there is no series.</summary>
internal delegate TValue? Selector<TSample, TValue>(in TSample sample)
    where TSample : struct
    where TValue : struct;

/// <summary>One series an instrument has for each process.</summary>
/// <param name="Key">An attribute beyond those of the process, or null.</param>
/// <param name="Value">Its value.</param>
/// <param name="Select">The number.</param>
internal readonly record struct ProcessSeries<TSample, TValue>(string? Key, string? Value, Selector<TSample, TValue> Select)
    where TSample : struct
    where TValue : struct;

/// <summary>The callback of one observable instrument over processes.</summary>
internal sealed class ProcessObserver<TSample, TValue>(IProcessSamples<TSample> samples, ProcessSeries<TSample, TValue>[] series)
    where TSample : struct
    where TValue : struct
{
    internal IEnumerable<Measurement<TValue>> Observe()
    {
        SharedTags<TValue> tags = new();
        lock (samples.Gate)
        {
            ArraySegment<ProcessSample<TSample>> current = samples.Current();
            for (int i = 0; i < current.Count; i++)
            {
                (WatchedProcess process, TSample sample) = current[i];
                if (process.HasLeft || !process.HasSeries)
                {
                    continue;
                }

                for (int s = 0; s < series.Length; s++)
                {
                    if (series[s].Select(in sample) is { } value)
                    {
                        yield return tags.Measure(value, process, series[s].Key, series[s].Value);
                    }
                }
            }
        }
    }
}
