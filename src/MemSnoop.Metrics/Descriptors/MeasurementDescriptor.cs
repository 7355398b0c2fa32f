using MemSnoop.Metrics.Checks;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>
/// All that is known of one measurement. Whatever lists measurements (options, help, <c>check</c>, <c>trace</c>, instruments)
/// is a loop over the descriptors of <see cref="MeasurementCatalogue"/>.
/// </summary>
internal abstract class MeasurementDescriptor
{
    /// <summary>The name in options, files, metrics and traces.</summary>
    internal abstract string Name { get; }

    /// <summary>What it tells: a few words, which begin in lower case.</summary>
    internal abstract string Help { get; }

    /// <summary>What it asks of the kernel, beside what discovery has read.</summary>
    internal abstract IReadOnlyList<KernelSource> Sources { get; }

    /// <summary>
    /// Whether it measures over a window, which each measurement ends and begins anew; otherwise it is a reading. A window
    /// has a clock of its own, and there can be one only.
    /// </summary>
    internal virtual bool IsWindow => false;

    /// <summary>Whether a trace can write it as a column; otherwise it is recorded into a file of its own.</summary>
    internal virtual bool IsColumn => true;

    /// <summary>Makes it a column of a trace.</summary>
    /// <param name="context">What the trace has.</param>
    /// <param name="name">The name that the user gave the column.</param>
    /// <exception cref="UsageException">It cannot be taken here as the options ask for it.</exception>
    internal abstract TraceOutputColumn OpenColumn(TraceContext context, string name);
}

/// <summary>A measurement that is published, as instruments of the meter.</summary>
internal abstract class PublishedMeasurementDescriptor : MeasurementDescriptor
{
    /// <summary>Whether it is taken unless the user says otherwise; false for what costs too much to do unasked.</summary>
    internal virtual bool IsOnByDefault => true;

    /// <summary>How it is taken, where there is one way: the kernel file.</summary>
    protected virtual string Method => "none";

    /// <summary>Whether it is taken by these options.</summary>
    internal virtual bool IsEnabled(MemSnoopOptions options) => options.Readings.IsEnabled(Name, IsOnByDefault);

    /// <summary>What it asks of the kernel by these options: less than <see cref="MeasurementDescriptor.Sources"/> where they rule out a method.</summary>
    internal IEnumerable<KernelSource> SourcesFor(MeasuredHost host) => Sources.Where(source => source.Method is null || MayUse(source.Method, host));

    /// <summary>Whether a method or provider may be used by these options.</summary>
    protected virtual bool MayUse(string method, MeasuredHost host) => true;

    /// <summary>Finds out whether it works here: what is missing, and what to do about it.</summary>
    /// <exception cref="UsageException">The options name something that does not exist.</exception>
    internal abstract IEnumerable<HostFinding> Check(CheckContext context);

    /// <summary>Makes its instruments and what stands behind them, when it is enabled.</summary>
    /// <exception cref="UsageException">It cannot be taken here as the options ask for it.</exception>
    internal SampledMeasurement Start(SamplingContext context) =>
        IsEnabled(context.Host.Options) ? OnStart(context) : new SampledMeasurement(Name, MethodState.Disabled(Method));

    protected abstract SampledMeasurement OnStart(SamplingContext context);
}
