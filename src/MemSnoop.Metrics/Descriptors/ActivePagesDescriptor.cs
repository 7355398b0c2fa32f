using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;
using MemSnoop.Tracing;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>The pages that were accessed within a window, one by one: recorded by <c>memsnoop trace --pages</c>.</summary>
internal sealed class ActivePagesDescriptor : MeasurementDescriptor
{
    internal override string Name => ActivePagesMeasurement.MeasurementName;

    internal override string Help => "the pages that were accessed within a window";

    internal override IReadOnlyList<KernelSource> Sources => [.. WorkingSetDescriptor.PageIdleSources];

    internal override bool IsWindow => true;

    internal override bool IsColumn => false;

    /// <summary>Has no fields: what the trace takes of a sample are its pages.</summary>
    internal override TraceOutputColumn OpenColumn(TraceContext context, string name)
    {
        WorkingSetOptions options = context.Host.Options.WorkingSet;
        if (options.Method is WorkingSetMethod.Referenced or WorkingSetMethod.Damon)
        {
            throw new UsageException("--pages", $"the method {WorkingSetChoice.NameOf(options.Method)} cannot see single pages", "--method page_idle or auto");
        }

        ProbeResult support = ActivePagesMeasurement.Probe(context.Host.Paths);
        if (!support.IsSupported)
        {
            throw new UsageException("--pages", support.Explanation, $"to {support.Advice}");
        }

        ActivePagesMeasurement pages = context.Own(ActivePagesMeasurement.Open(context.Host.Paths, WorkingSetChoice.Settings(options).Areas));
        return new TraceOutputColumn<PageSample>(name, pages, []);
    }
}
