using MemSnoop.Counters.Papi;
using MemSnoop.Counters.PerfEvents;
using MemSnoop.Kernel;

namespace MemSnoop.Counters;

/// <summary>The known providers, best first. A new provider is added here and in its own folder.</summary>
public sealed class CounterProviders : IDisposable
{
    /// <summary>Let each event be counted by the first provider that can.</summary>
    public const string Auto = "auto";

    // If both can count an event, the kernel is more exact: it counts threads only, and tells the running ratio.
    private static readonly (string Name, Func<KernelPaths, HandleBudget, ICounterProvider> Create)[] Known =
    [
        (PerfEventProvider.ProviderName, static (paths, budget) => new PerfEventProvider(paths, budget)),
        (PapiProvider.ProviderName, static (paths, budget) => new PapiProvider(paths, budget)),
    ];

    private readonly Lazy<ICounterProvider>[] _providers;

    internal CounterProviders(params IEnumerable<Func<ICounterProvider>> providers) =>
        _providers = [.. providers.Select(static create => new Lazy<ICounterProvider>(create))];

    /// <summary>The names of all providers, the preferred one first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(static provider => provider.Name)];

    /// <summary>
    /// The providers, best first. Each is made, and its library loaded, when the enumeration first reaches it.
    /// </summary>
    public IEnumerable<ICounterProvider> All => _providers.Select(static provider => provider.Value);

    /// <summary>Providers for this machine; to be disposed after everything that counts by them.</summary>
    /// <param name="paths">Where the kernel files are.</param>
    /// <param name="budget">Shares out the file descriptors.</param>
    /// <param name="wanted"><see cref="Auto"/>, or the name of the only one to use.</param>
    /// <exception cref="ArgumentException">There is no such provider.</exception>
    public static CounterProviders Open(KernelPaths paths, HandleBudget budget, string wanted = Auto)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(budget);
        if (wanted != Auto && !Names.Contains(wanted))
        {
            throw new ArgumentException($"No such provider: {wanted}", nameof(wanted));
        }

        return new CounterProviders(Known
            .Where(provider => wanted == Auto || wanted == provider.Name)
            .Select(provider => new Func<ICounterProvider>(() => provider.Create(paths, budget))));
    }

    /// <summary>Disposes the providers.</summary>
    public void Dispose()
    {
        foreach (Lazy<ICounterProvider> provider in _providers.Where(static provider => provider.IsValueCreated))
        {
            provider.Value.Dispose();
        }
    }
}
