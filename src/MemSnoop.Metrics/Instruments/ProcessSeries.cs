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

/// <summary>
/// The callback of one observable instrument over processes. A <see cref="Measurement{T}"/> copies its attributes to the heap when it is made: 72 bytes for
/// each of 35,000 series. Most numbers of most processes do not change between two collections, so each is kept and made again only if its value has changed.
/// </summary>
internal sealed class ProcessObserver<TSample, TValue>(IProcessSamples<TSample> samples, ProcessSeries<TSample, TValue>[] series)
    where TSample : struct
    where TValue : struct, IEquatable<TValue>
{
    private Kept[] _kept = [];

    internal IEnumerable<Measurement<TValue>> Observe()
    {
        lock (samples.Gate)
        {
            ArraySegment<ProcessSample<TSample>> current = samples.Current();
            Fit(current.Count);
            for (int i = 0; i < current.Count; i++)
            {
                if (current[i].Process.HasLeft)
                {
                    continue;
                }

                for (int s = 0; s < series.Length; s++)
                {
                    if (Renew(current.AsSpan()[i], s, ref _kept[(i * series.Length) + s]))
                    {
                        yield return _kept[(i * series.Length) + s].Measurement;
                    }
                }
            }
        }
    }

    private bool Renew(in ProcessSample<TSample> entry, int index, ref Kept kept)
    {
        TSample sample = entry.Sample;
        if (series[index].Select(in sample) is not { } value)
        {
            return false;
        }

        if (!ReferenceEquals(kept.Process, entry.Process) || !kept.Measurement.Value.Equals(value))
        {
            kept = new Kept(entry.Process, Make(entry.Process, series[index], value));
        }

        return true;
    }

    private static Measurement<TValue> Make(WatchedProcess process, in ProcessSeries<TSample, TValue> series, TValue value) =>
        series.Key is null
            ? new Measurement<TValue>(value, process.Attributes)
            : new Measurement<TValue>(value, process.AttributesWith(series.Key, series.Value).AsSpan());

    private void Fit(int processes)
    {
        int wanted = processes * series.Length;
        if (_kept.Length < wanted)
        {
            Array.Resize(ref _kept, wanted);
        }
        else if (wanted < _kept.Length)
        {
            // Do not keep ended processes alive.
            _kept.AsSpan(wanted).Clear();
        }
    }

    private readonly record struct Kept(WatchedProcess? Process, Measurement<TValue> Measurement);
}
