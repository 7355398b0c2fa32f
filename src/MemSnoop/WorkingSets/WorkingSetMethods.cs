using MemSnoop.Kernel;
using MemSnoop.WorkingSets.PageIdle;
using MemSnoop.WorkingSets.Referenced;

namespace MemSnoop.WorkingSets;

/// <summary>The known methods, best first. A new method is added here and in its own folder.</summary>
public static class WorkingSetMethods
{
    /// <summary>Take the best method that works here.</summary>
    public const string Auto = "auto";

    private static readonly (string Name, Func<KernelPaths, ProbeResult> Probe, Func<KernelPaths, EstimatorOptions, TimeProvider, IWorkingSetEstimator> Create)[] Known =
    [
        (PageIdleEstimator.MethodName, PageIdleEstimator.Probe, PageIdleEstimator.Open),
        (ReferencedEstimator.MethodName, LockedTargets.Probe, static (paths, settings, clock) => LockedTargets.Open(paths, () => new ReferencedEstimator(settings, clock))),
    ];

    /// <summary>The names of all methods, best first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(static method => method.Name)];

    /// <summary>Probes each method, best first.</summary>
    public static IReadOnlyList<ProbeResult> Probe(KernelPaths paths) => [.. Known.Select(method => method.Probe(paths))];

    /// <summary>The method to use: the chosen one, or for <see cref="Auto"/> the best that works; null if there is none.</summary>
    public static string? Choose(string wanted, IReadOnlyList<ProbeResult> support)
    {
        ArgumentNullException.ThrowIfNull(support);
        foreach (ProbeResult method in support)
        {
            if (method.IsSupported && (wanted == Auto || wanted == method.Method))
            {
                return method.Method;
            }
        }

        return null;
    }

    /// <summary>Makes the estimator of a method.</summary>
    /// <exception cref="ArgumentException">There is no such method.</exception>
    /// <exception cref="IOException">It does not work here, or another program measures by it.</exception>
    public static IWorkingSetEstimator Create(string method, KernelPaths paths, EstimatorOptions settings, TimeProvider clock)
    {
        foreach (var (name, _, create) in Known)
        {
            if (name == method)
            {
                return create(paths, settings, clock);
            }
        }

        throw new ArgumentException($"No such method: {method}", nameof(method));
    }
}
