using MemSnoop.Measurements;
using MemSnoop.Metrics.Checks;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>A measurement that reads a kernel file of each process when it is asked for. The usual case.</summary>
/// <typeparam name="TSample">The sample of one reading.</typeparam>
internal abstract class ProcessMeasurementDescriptor<TSample> : PublishedMeasurementDescriptor
    where TSample : struct
{
    /// <summary>What a trace writes of a sample.</summary>
    protected abstract IReadOnlyList<TraceField<TSample>> Fields { get; }

    /// <summary>Makes the measurement.</summary>
    protected abstract IMeasurement<TSample> Create(MeasuredHost host);

    /// <summary>Makes the instruments: their names, units, help texts, and what they take out of a sample.</summary>
    protected abstract void AddInstruments(InstrumentScope scope, IProcessSamples<TSample> samples);

    /// <summary>Rows of <c>memsnoop.measurement.info</c> beside the one of the measurement itself.</summary>
    protected virtual IEnumerable<MethodState> FurtherMethods(MeasuredHost host) => [];

    internal override IEnumerable<HostFinding> Check(CheckContext context)
    {
        string off = IsEnabled(context.Host.Options) ? "" : $", off unless --collector.{Name} is given";
        yield return context.Try(Create(context.Host), "works" + off);
    }

    internal override TraceOutputColumn OpenColumn(TraceContext context, string name) => new TraceOutputColumn<TSample>(name, Create(context.Host), Fields);

    protected override SampledMeasurement OnStart(SamplingContext context)
    {
        SampledMeasurement sampled = new(Name, [MethodState.Works(Method), .. FurtherMethods(context.Host)]);
        AddInstruments(
            context.Scope(sampled), new ProcessReadings<TSample>(Create(context.Host), context.WatchList, context.Schedule(Name), sampled, context.Clock));
        return sampled;
    }
}
