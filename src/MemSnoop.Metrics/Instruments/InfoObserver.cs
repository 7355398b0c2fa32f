using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Metrics.Instruments;

/// <summary>The callback of <c>memsnoop.process.info</c>: one series for each process, whose attributes are what is known of it.</summary>
internal sealed class InfoObserver(IProcessSamples<InfoSample> samples)
{
    // As in SharedTags: attributes are made once, not for each observation.
    private readonly ConditionalWeakTable<WatchedProcess, Described> _described = new();
    private readonly UserNames _users = new();

    internal IEnumerable<Measurement<long>> Observe()
    {
        lock (samples.Gate)
        {
            ArraySegment<ProcessSample<InfoSample>> current = samples.Current();
            for (int i = 0; i < current.Count; i++)
            {
                (WatchedProcess process, InfoSample sample) = current[i];
                if (!process.HasLeft && process.HasSeries)
                {
                    yield return new Measurement<long>(1, AttributesOf(process, sample));
                }
            }
        }
    }

    private KeyValuePair<string, object?>[] AttributesOf(WatchedProcess process, in InfoSample sample)
    {
        KeyValuePair<string, object?>[] common = process.Attributes;
        Described described = _described.GetValue(process, static _ => new Described());
        if (!ReferenceEquals(described.Common, common) || described.Sample != sample)
        {
            KeyValuePair<string, object?>[] all =
            [
                .. common, new("exe", sample.Executable), new("user", _users.NameOf(sample.UserId)),
                .. sample.Found.Select(static found => new KeyValuePair<string, object?>(found.Key, found.Value)),
            ];
            Array.Sort(all, static (left, right) => string.CompareOrdinal(left.Key, right.Key));
            (described.Common, described.Sample, described.All) = (common, sample, all);
        }

        return described.All;
    }

    private sealed class Described
    {
        public KeyValuePair<string, object?>[]? Common { get; set; }

        public InfoSample Sample { get; set; }

        public KeyValuePair<string, object?>[] All { get; set; } = [];
    }
}
