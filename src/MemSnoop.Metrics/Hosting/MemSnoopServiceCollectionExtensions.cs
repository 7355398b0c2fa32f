using System.Diagnostics.Metrics;
using MemSnoop.Kernel;
using MemSnoop.Metrics;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Hosting;
using MemSnoop.Metrics.Sampling;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets an application measure its own memory, or that of other processes.</summary>
public static class MemSnoopServiceCollectionExtensions
{
    /// <summary>
    /// Measures the process itself, and publishes the numbers as instruments of the meter <see cref="MemSnoopMeter.Name"/>. Needs a host, which starts and stops the passes.
    /// </summary>
    /// <param name="services">The services of the host.</param>
    /// <returns>The same services.</returns>
    /// <remarks>
    /// Called several times it is one set of instruments, and what the calls configure applies in their order. Options that are wrong end the host at its start with an
    /// <see cref="OptionsValidationException"/>. What the kernel or the user's rights do not allow to measure is absent, with its reason in <c>memsnoop.measurement.info</c> and
    /// <c>memsnoop.measurement.skipped</c>, and the application runs on. On other systems than Linux nothing is measured.
    /// </remarks>
    public static IServiceCollection AddMemSnoop(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (!OperatingSystem.IsLinux())
        {
            return services;
        }

        services.AddOptions<MemSnoopOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<MemSnoopOptions>, MemSnoopOptionsValidator>());
        services.TryAddSingleton(static services => new MeasuredHost(OptionsOf(services)) { IsEmbedded = true });
        return services.AddSampling();
    }

    /// <inheritdoc cref="AddMemSnoop(IServiceCollection)"/>
    /// <param name="services">The services of the host.</param>
    /// <param name="configure">Sets the options.</param>
    public static IServiceCollection AddMemSnoop(this IServiceCollection services, Action<MemSnoopOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.Configure(configure);
        return services.AddMemSnoop();
    }

    /// <inheritdoc cref="AddMemSnoop(IServiceCollection)"/>
    /// <param name="services">The services of the host.</param>
    /// <param name="section">
    /// The options as text, with the keys of the program's configuration file: <c>configuration.GetSection("MemSnoop")</c>. It is read once, at the host's start. A key that is not known is
    /// as wrong as a value that is not understood.
    /// </param>
    public static IServiceCollection AddMemSnoop(this IServiceCollection services, IConfigurationSection section)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(section);
        services.Configure<MemSnoopOptions>(options => Validated(() =>
        {
            ConfigurationLayer layer = SectionLayer.Read(section, MemSnoopSettings.Catalogue);
            foreach (ConfigurationEntry entry in layer.Entries)
            {
                entry.Setting.Apply(options, entry);
            }

            options.Deprecated.AddRange(layer.Deprecated);

            return options;
        }));
        return services.AddMemSnoop();
    }

    /// <summary>The same with options that are checked already; for a program with layers of configuration of its own.</summary>
    internal static IServiceCollection AddMemSnoop(this IServiceCollection services, MeasuredHost host)
    {
        services.AddSingleton(host);
        return services.AddSampling();
    }

    private static IServiceCollection AddSampling(this IServiceCollection services)
    {
        services.TryAddSingleton(CreatePipeline);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SamplingService>());
        return services;
    }

    private static SamplingPipeline CreatePipeline(IServiceProvider services)
    {
        // Made by the host's factory, which disposes of it: a meter belongs to the container, and a listener can tell those of two containers apart.
        Meter meter = services.GetRequiredService<IMeterFactory>().Create(new MeterOptions(MemSnoopMeter.Name) { Version = BuildInfo.Version });
        MeasuredHost host = services.GetRequiredService<MeasuredHost>();
        SamplingPipeline Create() => new(
            host, meter, services.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance, services.GetService<TimeProvider>() ?? TimeProvider.System);

        // The program has a line of its own for what is wrong.
        return host.IsEmbedded ? Validated(Create) : Create();
    }

    private static MemSnoopOptions OptionsOf(IServiceProvider services) => services.GetRequiredService<IOptions<MemSnoopOptions>>().Value;

    private static T Validated<T>(Func<T> make)
    {
        try
        {
            return make();
        }
        catch (UsageException wrong)
        {
            throw new OptionsValidationException(Options.Options.DefaultName, typeof(MemSnoopOptions), [wrong.Message]);
        }
    }
}
