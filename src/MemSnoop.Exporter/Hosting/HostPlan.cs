using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using Microsoft.AspNetCore.Builder;

namespace MemSnoop.Exporter.Hosting;

/// <summary>What a host is made of.</summary>
/// <param name="Measured">The host that is measured.</param>
/// <param name="Options">The configuration.</param>
/// <param name="Command">The command to start and to watch, if one is given.</param>
internal sealed record HostPlan(MeasuredHost Measured, ExporterOptions Options, ServedCommand Command)
{
    /// <summary>All its services, not built yet.</summary>
    /// <exception cref="UsageException">A certificate for the push is of no use.</exception>
    internal WebApplicationBuilder CreateBuilder(Reloads reloads) => ExporterHost.CreateBuilder(Measured, Options, Command, reloads);
}
