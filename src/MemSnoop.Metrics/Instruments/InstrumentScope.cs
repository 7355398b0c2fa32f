using System.Diagnostics.Metrics;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Metrics.Instruments;

/// <summary>
/// Makes the instruments of one measurement and remembers which measurement they belong to, for <c>?collect[]=NAME</c>. Instruments of no measurement report
/// on all measurements: they are in every scrape, and observed after the others.
/// </summary>
/// <param name="meter">The meter that all instruments belong to.</param>
/// <param name="measurement">The measurement; null for what reports on all of them.</param>
/// <param name="measurements">The measurement of each instrument, by the instrument's name.</param>
/// <param name="deprecated">Former names that are still published; this adds to them.</param>
/// <param name="budget">Limits the number of series; null where nothing does.</param>
/// <param name="names">Which name an instrument gets that has two.</param>
internal sealed class InstrumentScope(
    Meter meter, SampledMeasurement? measurement, IDictionary<string, SampledMeasurement> measurements, ICollection<DeprecatedUse> deprecated,
    SeriesBudget? budget = null, InstrumentNames names = InstrumentNames.MemSnoop)
{
    /// <summary>Notes that an instrument is the former name of another, which is published under both for two minor versions.</summary>
    /// <param name="former">The name of an instrument that was made in this scope.</param>
    /// <param name="name">The name that it has now.</param>
    /// <param name="until">The version that does not publish the former name any more.</param>
    internal void Deprecate(string former, string name, string until) => deprecated.Add(new DeprecatedUse(former, former, $"query {name}", until));

    /// <summary>Notes that a process never has so many of its series at a time: it has those or others.</summary>
    internal void NeverTogether(int series) => budget?.AddPerProcess(-series);

    internal void Gauge<TSample>(IProcessSamples<TSample> samples, string name, string unit, string description, params ProcessSeries<TSample, long>[] series)
        where TSample : struct =>
        Add(meter.CreateObservableGauge(name, Of(samples, series), unit, description));

    internal void Gauge<TSample>(IProcessSamples<TSample> samples, string name, string unit, string description, Selector<TSample, long> select)
        where TSample : struct =>
        Gauge(samples, name, unit, description, new ProcessSeries<TSample, long>(null, null, select));

    internal void Gauge<TSample>(IProcessSamples<TSample> samples, string name, string unit, string description, Selector<TSample, double> select)
        where TSample : struct =>
        Gauge(samples, name, unit, description, [new ProcessSeries<TSample, double>(null, null, select)]);

    /// <summary>Makes a gauge that has a name in the conventions too.</summary>
    internal void Gauge<TSample>(IProcessSamples<TSample> samples, string name, ConventionName convention, string unit, string description, Selector<TSample, long> select)
        where TSample : struct
    {
        if (!WantsConventions)
        {
            Gauge(samples, name, unit, description, select);
            return;
        }

        Func<IEnumerable<Measurement<long>>> observe = Of(samples, [new ProcessSeries<TSample, long>(null, null, select)]);
        Add(convention.IsSum
            ? meter.CreateObservableUpDownCounter(convention.Name, observe, convention.Unit, description)
            : meter.CreateObservableGauge(convention.Name, observe, convention.Unit, description));
    }

    /// <summary>Makes a gauge that has a name in the conventions too.</summary>
    internal void Gauge<TSample>(IProcessSamples<TSample> samples, string name, ConventionName convention, string unit, string description, Selector<TSample, double> select)
        where TSample : struct =>
        Gauge(samples, WantsConventions ? convention.Name : name, WantsConventions ? convention.Unit : unit, description, select);

    internal void Gauge<TSample>(IProcessSamples<TSample> samples, string name, string unit, string description, ProcessSeries<TSample, double>[] series)
        where TSample : struct =>
        Add(meter.CreateObservableGauge(name, Of(samples, series), unit, description));

    internal void Counter<TSample, TValue>(IProcessSamples<TSample> samples, string name, string unit, string description, params ProcessSeries<TSample, TValue>[] series)
        where TSample : struct
        where TValue : struct =>
        Add(meter.CreateObservableCounter(name, Of(samples, series), unit, description));

    /// <summary>Makes a counter that has a name in the conventions too.</summary>
    internal void Counter<TSample, TValue>(
        IProcessSamples<TSample> samples, string name, ConventionName convention, string unit, string description, params ProcessSeries<TSample, TValue>[] series)
        where TSample : struct
        where TValue : struct
    {
        if (WantsConventions)
        {
            Counter(samples, convention.Name, convention.Unit, description, [.. series.Select(one => one with { Key = convention.Key })]);
        }
        else
        {
            Counter(samples, name, unit, description, series);
        }
    }

    internal void Gauge<T>(string name, string unit, string description, Func<IEnumerable<Measurement<T>>> observe)
        where T : struct =>
        Add(meter.CreateObservableGauge(name, Within(name, observe), unit, description));

    internal void Counter<T>(string name, string unit, string description, Func<IEnumerable<Measurement<T>>> observe)
        where T : struct =>
        Add(meter.CreateObservableCounter(name, Within(name, observe), unit, description));

    /// <summary>A count of the kernel, which has 64 bits without a sign, limited to what an instrument can report.</summary>
    internal static long Clamp(ulong value) => value > long.MaxValue ? long.MaxValue : (long)value;

    private bool WantsConventions => names == InstrumentNames.SemanticConventions;

    private Func<IEnumerable<Measurement<TValue>>> Of<TSample, TValue>(IProcessSamples<TSample> samples, ProcessSeries<TSample, TValue>[] series)
        where TSample : struct
        where TValue : struct
    {
        budget?.AddPerProcess(series.Length);
        return new ProcessObserver<TSample, TValue>(samples, series).Observe;
    }

    private Func<IEnumerable<Measurement<T>>> Within<T>(string name, Func<IEnumerable<Measurement<T>>> observe)
        where T : struct
    {
        if (budget is null)
        {
            return observe;
        }

        if (SeriesSubjects.Of(name) is var subject && subject == SeriesSubject.Process)
        {
            // Its callback goes by the list of those that have series.
            budget.AddPerProcess(1);
            return observe;
        }

        BudgetedObserver<T> observer = new(budget, subject, observe);
        budget.Add(observer);
        return observer.Observe;
    }

    private void Add(Instrument instrument)
    {
        if (measurement is not null)
        {
            measurements.Add(instrument.Name, measurement);
        }
    }
}
