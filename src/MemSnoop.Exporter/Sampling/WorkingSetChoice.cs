using MemSnoop.Exporter.Configuration;
using MemSnoop.Kernel;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.Sampling;

/// <summary>From the options about working sets to the library's terms.</summary>
internal static class WorkingSetChoice
{
    internal static string NameOf(WorkingSetMethod method) => method switch
    {
        WorkingSetMethod.PageIdle => "page_idle",
        WorkingSetMethod.Referenced => "referenced",
        _ => WorkingSetMethods.Auto,
    };

    internal static EstimatorOptions Settings(WorkingSetOptions options) => new()
    {
        IdleAges = new IdleAges([.. options.IdleAges.Select(static age => age.Value)]),
        ReferencedMaxResidentBytes = (ulong)options.ReferencedMaxResident.Bytes,
    };

    /// <summary>The method to use here, or null when <c>auto</c> finds none.</summary>
    /// <exception cref="UsageException">A method was asked for by name that does not work here.</exception>
    internal static string? Choose(WorkingSetMethod wanted, KernelPaths paths)
    {
        IReadOnlyList<MethodSupport> support = WorkingSetMethods.Probe(paths);
        string name = NameOf(wanted);
        string? chosen = WorkingSetMethods.Choose(name, support);
        if (chosen is null && wanted != WorkingSetMethod.Auto)
        {
            string why = support.FirstOrDefault(method => method.Method == name).Explanation ?? "this version does not have it.";
            throw new UsageException("--method", $"{name} does not work here: {why.TrimEnd('.')}", "auto, or a method that memsnoop check lists as working");
        }

        return chosen;
    }
}
