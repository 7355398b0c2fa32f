using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Sandbox;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using Microsoft.AspNetCore.Builder;

namespace MemSnoop.Exporter.Hosting;

/// <summary>What a host is made of.</summary>
/// <param name="Measured">The host that is measured.</param>
/// <param name="Options">The configuration.</param>
/// <param name="Command">The command to start and to watch, if one is given.</param>
/// <param name="Confinement">What became of the rights that the program was started with; null if nothing was done about them.</param>
internal sealed record HostPlan(MeasuredHost Measured, ExporterOptions Options, ServedCommand Command, Confinement? Confinement)
{
    /// <summary>All its services, not built yet.</summary>
    /// <exception cref="UsageException">A certificate or the web configuration is of no use, or the process may open too few files.</exception>
    internal WebApplicationBuilder CreateBuilder(Reloads reloads) => ExporterHost.CreateBuilder(this, reloads);
}
