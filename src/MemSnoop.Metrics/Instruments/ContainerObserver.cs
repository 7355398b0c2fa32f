using System.Diagnostics.Metrics;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Metrics.Instruments;

/// <summary>One series an instrument has for each container.</summary>
/// <param name="Value">The value of the instrument's attribute beyond those of the container; null without one.</param>
/// <param name="Select">The number.</param>
internal readonly record struct ContainerSeries<TValue>(string? Value, Selector<ContainerSample<ContainerCgroupSample>, TValue> Select)
    where TValue : struct;

/// <summary>The callback of one observable instrument over the control groups of containers.</summary>
/// <param name="sampled">The containers.</param>
/// <param name="key">The attribute beyond those of the container; null without one.</param>
/// <param name="series">The series of each container.</param>
internal sealed class ContainerObserver<TValue>(SampledContainerCgroups sampled, string? key, params ContainerSeries<TValue>[] series)
    where TValue : struct
{
    internal IEnumerable<Measurement<TValue>> Observe()
    {
        // One array for the attributes of all, in ordinal order: whoever observes reads them before it asks for the next measurement.
        string[] keys = [.. ((string[])["container", "container_id", "namespace", "pod"]).Concat(key is null ? [] : [key]).Order(StringComparer.Ordinal)];
        int container = Array.IndexOf(keys, "container");
        int space = Array.IndexOf(keys, "namespace");
        int pod = Array.IndexOf(keys, "pod");
        int at = Array.IndexOf(keys, key);
        var tags = new KeyValuePair<string, object?>[keys.Length];
        lock (sampled.Gate)
        {
            List<ContainerSample<ContainerCgroupSample>> current = sampled.Current();
            for (int i = 0; i < current.Count; i++)
            {
                ContainerSample<ContainerCgroupSample> sample = current[i];
                tags[container] = new("container", sample.Names.Container);
                tags[container + 1] = new("container_id", sample.Id);
                tags[space] = new("namespace", sample.Names.Namespace);
                tags[pod] = new("pod", sample.Names.Pod);
                for (int s = 0; s < series.Length; s++)
                {
                    if (series[s].Select(in sample) is not { } value)
                    {
                        continue;
                    }

                    if (key is not null)
                    {
                        tags[at] = new(key, series[s].Value);
                    }

                    yield return SharedTags<TValue>.Measure(value, tags);
                }
            }
        }
    }
}
