using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.WorkingSets.Damon;
using MemSnoop.WorkingSets.PageIdle;
using MemSnoop.WorkingSets.Referenced;

namespace MemSnoop.WorkingSets;

/// <summary>The known methods, best first. A new method is a folder of its own and a descriptor here.</summary>
public static class WorkingSetMethods
{
    /// <summary>Take the best method that works here.</summary>
    public const string Auto = "auto";

    private static readonly WorkingSetMethodDescriptor[] Known =
    [
        new()
        {
            Name = PageIdleEstimator.MethodName,
            Means = "the kernel's idle bitmap",
            Estimates = MethodScope.Process | MethodScope.Group,
            Precision = "each page, with its size; an access by one process counts for all that map the page",
            Disturbs = [DamonSupport.MethodName, ReferencedEstimator.MethodName],
            DisturbedBy = [Disturbance.Moved, Disturbance.FileRead, Disturbance.Advised, Disturbance.Aged, Disturbance.Damon, Disturbance.Reader],
            CanMeasureShares = true,
            Probe = PageIdleEstimator.Probe,
            Create = static (paths, settings, clock) => PageIdleEstimator.Open(paths, settings, clock),
        },
        new()
        {
            Name = DamonSupport.MethodName,
            Means = "DAMON, the kernel's monitor of accesses",
            Estimates = MethodScope.Process,
            Precision = "each page from Linux 6.18 on, ages an upper bound; before that an estimate from samples of the pages, with its error",
            Disturbs = [PageIdleEstimator.MethodName, ReferencedEstimator.MethodName],
            DisturbedBy = [Disturbance.Divided, Disturbance.Moved, Disturbance.FileRead, Disturbance.Advised, Disturbance.Aged],
            Probe = DamonSupport.Probe,
            Create = static (paths, settings, clock) => DamonEstimators.Open(paths, settings, clock),
        },
        new()
        {
            Name = ReferencedEstimator.MethodName,
            Means = "referenced bits of the page tables",
            Estimates = MethodScope.Process,
            Precision = "each area; ages are an upper bound; holds up its target while the kernel walks page tables",
            Disturbs = [PageIdleEstimator.MethodName, DamonSupport.MethodName],
            DisturbedBy = [Disturbance.Divided, Disturbance.Moved, Disturbance.Advised, Disturbance.Aged],
            Probe = LockedTargets.Probe,
            Create = static (paths, settings, clock) =>
                LockedTargets.Open(paths, () => new ReferencedEstimator(settings, clock, HostDisturbances.Open(paths, clock))),
        },
    ];

    /// <summary>The names of all methods, best first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(static method => method.Name)];

    /// <summary>What is known of each method, best first.</summary>
    internal static IReadOnlyList<WorkingSetMethodDescriptor> All => Known;

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
        WorkingSetMethodDescriptor known = Known.FirstOrDefault(known => known.Name == method) ?? throw new ArgumentException($"No such method: {method}", nameof(method));
        IWorkingSetEstimator estimator = known.Create(paths, settings, clock);
        if (method != DamonSupport.MethodName)
        {
            // One that a killed exporter has left would take accessed bits for ever.
            _ = Kdamond.RemoveLeft(paths);
        }

        return estimator;
    }
}
