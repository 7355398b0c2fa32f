using System.Diagnostics.Metrics;
using MemSnoop.Exporter.View;
using MemSnoop.Metrics.Hosting;
using MemSnoop.Metrics.Sampling;
using Microsoft.Extensions.Logging.Abstractions;

namespace MemSnoop.Exporter.Top;

/// <summary>This program itself, where no exporter runs: the same sampling, in this process.</summary>
internal sealed class OwnSource : IOverviewSource
{
    private readonly SamplingPipeline _pipeline;
    private readonly SamplingService _service;
    private readonly ViewService _view;

    private OwnSource(MeasuredHost host)
    {
        _pipeline = new SamplingPipeline(host, new Meter(SamplingPipeline.MeterName), NullLoggerFactory.Instance, TimeProvider.System);
        _service = new SamplingService(_pipeline, host);
        _view = new ViewService(_pipeline, TimeProvider.System, NullLoggerFactory.Instance);
    }

    public string Name => "this program";

    /// <summary>Begins to sample.</summary>
    /// <exception cref="Metrics.Configuration.UsageException">A method was chosen that does not work here.</exception>
    internal static async Task<OwnSource> StartAsync(MeasuredHost host, CancellationToken stop)
    {
        OwnSource source = new(host);
        try
        {
            await source._service.StartAsync(stop).ConfigureAwait(false);
            await source._view.StartAsync(stop).ConfigureAwait(false);
            return source;
        }
        catch
        {
            await source.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public Task<Overview> ReadAsync(TableQuery query, CancellationToken stop)
    {
        Overview all = _view.Overview;
        return Task.FromResult(all with { Processes = query.Apply(all.Processes), Containers = query.Apply(all.Containers), Groups = query.Apply(all.Groups) });
    }

    public async ValueTask DisposeAsync()
    {
        await _view.StopAsync(CancellationToken.None).ConfigureAwait(false);
        _view.Dispose();
        await _service.StopAsync(CancellationToken.None).ConfigureAwait(false);
        _service.Dispose();
        _pipeline.Dispose();
    }
}
