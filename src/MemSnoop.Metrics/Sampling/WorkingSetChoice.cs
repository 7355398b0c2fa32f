using MemSnoop.Metrics.Configuration;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.ProcFs;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.Damon;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Metrics.Sampling;

/// <summary>Turns the options about working sets into those of the library.</summary>
internal static class WorkingSetChoice
{
    internal static string NameOf(WorkingSetMethod method) => method switch
    {
        WorkingSetMethod.PageIdle => "page_idle",
        WorkingSetMethod.Damon => "damon",
        WorkingSetMethod.Referenced => "referenced",
        _ => WorkingSetMethods.Auto,
    };

    /// <summary>
    /// Whether a method may be chosen on this host, as far as the options and the files that the kernel has tell without trying it. Of what it finds in
    /// <see cref="WorkingSetMethods"/> the choice is made later.
    /// </summary>
    internal static bool MayChoose(string method, MeasuredHost host)
    {
        string wanted = NameOf(host.Options.WorkingSet.Method);
        return (wanted == WorkingSetMethods.Auto || wanted == method)
            && (method != PageIdleEstimator.MethodName || File.Exists(host.Paths.Sys(IdleBitmap.RelativePath)))
            && (method != DamonSupport.MethodName || DamonSupport.MayWork(host.Paths));
    }

    /// <summary>The options of the estimator; <paramref name="groupOf"/> tells which processes are one container.</summary>
    internal static EstimatorOptions Settings(WorkingSetOptions options, Func<TrackedProcess, string?>? groupOf = null) => new()
    {
        IdleAges = new IdleAges([.. options.IdleAges]),
        ReferencedMaxResidentBytes = (ulong)options.ReferencedMaxResident,
        MaxStall = options.MaxStall,
        DamonSamples = options.DamonSamples,
        Areas = options.Areas,
        Parts = options.Spread ? PartsOf(options.Interval) : 1,
        GroupOf = groupOf,
    };

    /// <summary>Parts of at least half a second: small enough to spread the work, and few enough that starting them costs nothing.</summary>
    private static int PartsOf(TimeSpan interval) => Math.Clamp((int)(interval / TimeSpan.FromMilliseconds(500)), 2, 120);

    /// <summary>The method to use here, or null when <c>auto</c> finds none, or none that nobody else uses (<see cref="FindHolder"/>).</summary>
    /// <exception cref="UsageException">A method was chosen that does not work here.</exception>
    internal static string? Choose(WorkingSetMethod wanted, IReadOnlyList<ProbeResult> support)
    {
        string? chosen = ChooseFrom(wanted, support);
        if (chosen is null && wanted != WorkingSetMethod.Auto)
        {
            RefuseIfInUse(wanted, support);
            string name = NameOf(wanted);
            string why = support.FirstOrDefault(method => method.Method == name).Explanation ?? "this version does not have it.";
            throw new UsageException("--method", $"{name} does not work here: {why.TrimEnd('.')}", "auto, or a method that memsnoop check lists as working");
        }

        return chosen;
    }

    /// <summary>
    /// What keeps working sets from being measured for as long as another program measures them; null when nothing does. Unlike where none of the methods works,
    /// it helps to wait.
    /// </summary>
    internal static string? FindHolder(WorkingSetMethod wanted, IReadOnlyList<ProbeResult> support)
    {
        foreach (ProbeResult method in support)
        {
            if (method.Reason == ProbeResult.InUse && (wanted == WorkingSetMethod.Auto || NameOf(wanted) == method.Method))
            {
                return method.Explanation;
            }
        }

        return null;
    }

    /// <summary>The method to use of those that were probed, or null where there is none, or none that would not do harm.</summary>
    internal static string? ChooseFrom(WorkingSetMethod wanted, IReadOnlyList<ProbeResult> support) =>
        support.Any(method => IsTaken(method, wanted)) ? null : WorkingSetMethods.Choose(NameOf(wanted), support);

    private static void RefuseIfInUse(WorkingSetMethod wanted, IReadOnlyList<ProbeResult> support)
    {
        foreach (ProbeResult method in support)
        {
            if (IsTaken(method, wanted))
            {
                throw new UsageException("--method", method.Explanation, $"to {method.Advice}");
            }
        }
    }

    /// <summary>
    /// If another exporter holds the idle bitmap, falling back to referenced bits would do harm: clearing them removes accesses from the other exporter's
    /// windows.
    /// </summary>
    private static bool IsTaken(ProbeResult method, WorkingSetMethod wanted) =>
        method.Reason == ProbeResult.InUse && wanted != WorkingSetMethod.Referenced;
}
