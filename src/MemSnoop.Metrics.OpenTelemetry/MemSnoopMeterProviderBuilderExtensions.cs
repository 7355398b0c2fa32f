using MemSnoop.Metrics;
using MemSnoop.Metrics.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace OpenTelemetry.Metrics;

/// <summary>Adds the instruments of MemSnoop to a meter provider.</summary>
public static class MemSnoopMeterProviderBuilderExtensions
{
    /// <summary>
    /// Measures the process itself and exports the numbers: the memory it holds, how much of it it uses, CPU time, faults, IO. Needs a host, as
    /// <c>services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMemSnoopInstrumentation())</c> has it.
    /// </summary>
    /// <param name="builder">The builder of the meter provider.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>
    /// The same as <c>services.AddMemSnoop()</c> and the meter <see cref="MemSnoopMeter.Name"/>; options may also be given there, from a section of the application's
    /// configuration too. Building a provider without a host throws an <see cref="InvalidOperationException"/>.
    /// </remarks>
    public static MeterProviderBuilder AddMemSnoopInstrumentation(this MeterProviderBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.ConfigureServices(static services => services.AddMemSnoop()).AddMeter(MemSnoopMeter.Name);
        (builder as IDeferredMeterProviderBuilder)?.Configure(static (services, _) => RequireHost(services));
        return builder;
    }

    /// <inheritdoc cref="AddMemSnoopInstrumentation(MeterProviderBuilder)"/>
    /// <param name="builder">The builder of the meter provider.</param>
    /// <param name="configure">Sets the options.</param>
    public static MeterProviderBuilder AddMemSnoopInstrumentation(this MeterProviderBuilder builder, Action<MemSnoopOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        return builder
            .ConfigureServices(services => services.AddMemSnoop(configure))
            .AddMemSnoopInstrumentation();
    }

    // A provider of its own (Sdk.CreateMeterProviderBuilder) starts no hosted services: there would never be a working set, and nobody would know why.
    private static void RequireHost(IServiceProvider services)
    {
        if (services.GetService<IHostApplicationLifetime>() is null)
        {
            throw new InvalidOperationException(
                "AddMemSnoopInstrumentation needs a host, whose background service measures working sets. Use it in services.AddOpenTelemetry().WithMetrics(...)"
                + " of Host.CreateApplicationBuilder or WebApplication.CreateBuilder (package OpenTelemetry.Extensions.Hosting).");
        }
    }
}
