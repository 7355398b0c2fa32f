using System.Diagnostics.Metrics;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Metrics.Instruments;

/// <summary>
/// Makes the instruments of one measurement and remembers whose they are, for <c>?collect[]=NAME</c>. Those that are no
/// measurement's report on all of them: they are in every scrape, observed after the others.
/// </summary>
internal sealed class InstrumentScope(Meter meter, string? measurement, IDictionary<string, string> owners)
{
    internal void Gauge<TSample>(IProcessSamples<TSample> samples, string name, string unit, string description, params ProcessSeries<TSample, long>[] series)
        where TSample : struct =>
        Own(meter.CreateObservableGauge(name, new ProcessObserver<TSample, long>(samples, series).Observe, unit, description));

    internal void Gauge<TSample>(IProcessSamples<TSample> samples, string name, string unit, string description, Selector<TSample, long> select)
        where TSample : struct =>
        Gauge(samples, name, unit, description, new ProcessSeries<TSample, long>(null, null, select));

    internal void Gauge<TSample>(IProcessSamples<TSample> samples, string name, string unit, string description, Selector<TSample, double> select)
        where TSample : struct =>
        Gauge(samples, name, unit, description, [new ProcessSeries<TSample, double>(null, null, select)]);

    internal void Gauge<TSample>(IProcessSamples<TSample> samples, string name, string unit, string description, ProcessSeries<TSample, double>[] series)
        where TSample : struct =>
        Own(meter.CreateObservableGauge(name, new ProcessObserver<TSample, double>(samples, series).Observe, unit, description));

    internal void Counter<TSample, TValue>(IProcessSamples<TSample> samples, string name, string unit, string description, params ProcessSeries<TSample, TValue>[] series)
        where TSample : struct
        where TValue : struct, IEquatable<TValue> =>
        Own(meter.CreateObservableCounter(name, new ProcessObserver<TSample, TValue>(samples, series).Observe, unit, description));

    internal void Gauge<T>(string name, string unit, string description, Func<IEnumerable<Measurement<T>>> observe)
        where T : struct =>
        Own(meter.CreateObservableGauge(name, observe, unit, description));

    internal void Counter<T>(string name, string unit, string description, Func<IEnumerable<Measurement<T>>> observe)
        where T : struct =>
        Own(meter.CreateObservableCounter(name, observe, unit, description));

    /// <summary>What the kernel counts in 64 bits without a sign, in the largest number an instrument takes.</summary>
    internal static long Clamp(ulong value) => value > long.MaxValue ? long.MaxValue : (long)value;

    private void Own(Instrument instrument)
    {
        if (measurement is not null)
        {
            owners.Add(instrument.Name, measurement);
        }
    }
}
