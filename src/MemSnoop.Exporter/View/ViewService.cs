using MemSnoop.Metrics.Hosting;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Exporter.View;

/// <summary>What is shown to people: overviews, made when somebody asks, and shared by all who ask at the same time.</summary>
/// <param name="pipeline">What is sampled.</param>
/// <param name="clock">The clock.</param>
internal sealed class ViewService(SamplingPipeline pipeline, TimeProvider clock)
{
    /// <summary>How long an overview is shown again, if no pass has ended since.</summary>
    internal static readonly TimeSpan Shared = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly LastSamples _last = pipeline.Last;
    private readonly OverviewBuilder _builder = new(pipeline.Last, clock);
    private Overview? _overview;
    private long _built;

    /// <summary>All there is to see, of the last round.</summary>
    internal Overview Overview
    {
        get
        {
            lock (_gate)
            {
                if (_overview is null || clock.GetElapsedTime(_built) > Shared || _overview.Round != _last.Round.Number)
                {
                    if (!_last.HasPasses)
                    {
                        _last.Look();
                    }

                    (_built, _overview) = (clock.GetTimestamp(), _builder.Build());
                }

                return _overview;
            }
        }
    }
}
