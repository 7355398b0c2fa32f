using MemSnoop.Counters.PerfEvents;
using MemSnoop.Kernel;
using static MemSnoop.Counters.Papi.PapiNative;

namespace MemSnoop.Counters.Papi;

/// <summary>Finds out what the library can do on this host, and if nothing, why.</summary>
/// <param name="Support">Whether it can count other processes.</param>
/// <param name="Library">The library; null when there is none that can be used.</param>
/// <param name="Domain">The modes of the processor that may be counted.</param>
internal sealed record PapiSupport(ProbeResult Support, PapiLibrary? Library, int Domain)
{
    private const string SoftwareEvents = "software events (task-clock, page-faults, context-switches) need no libpapi: perf_event_open counts them";

    /// <summary>Asks by attaching an event set to this process, on <see cref="PapiThread"/>.</summary>
    internal static PapiSupport Of(KernelPaths paths, IReadOnlyList<string> fileNames)
    {
        PapiLibrary? library = PapiLibrary.Load(fileNames, out (string Reason, string Explanation, string Advice) problem);
        if (library is null)
        {
            return No(null, problem.Reason, problem.Explanation, problem.Advice);
        }

        string name = $"PAPI {library.Version}";
        if (!PidNamespace.IsOwn(paths))
        {
            return No(library, PerfEventSupport.Of(paths).Support);
        }

        if (library.Component < 0)
        {
            return No(library, "no_component", $"{name} was built without its component {PapiLibrary.ComponentName}", "install a build that has it, such as Debian's");
        }

        if (library.DisabledReason.Length > 0)
        {
            return Unreachable(library, paths, $"{name} has switched off its component {PapiLibrary.ComponentName} (\"{library.DisabledReason}\")");
        }

        int domain = PAPI_DOM_USER | PAPI_DOM_KERNEL;
        int error = PapiEventSet.TryAttach(library, Environment.ProcessId, domain);
        if (error is PAPI_EPERM or PAPI_EINVAL_DOM)
        {
            domain = PAPI_DOM_USER;
            error = PapiEventSet.TryAttach(library, Environment.ProcessId, domain);
        }

        return error != PAPI_OK
            ? Unreachable(library, paths, $"{name} cannot attach to a process (\"{library.Describe(error)}\")")
            : domain == PAPI_DOM_USER
                ? new PapiSupport(Answer(true, "ok", $"{name} counts user space only: kernel.perf_event_paranoid forbids the kernel's part", "give it CAP_PERFMON (before Linux 5.8: CAP_SYS_ADMIN)"), library, domain)
                : new PapiSupport(Answer(true, "ok", $"{name} counts presets and native events of every process that it may trace; forked children are counted too"), library, domain);
    }

    private static PapiSupport Unreachable(PapiLibrary library, KernelPaths paths, string what)
    {
        ProbeResult kernel = PerfEventSupport.Of(paths).Support;
        return !kernel.IsSupported
            ? No(library, kernel)
            : HasCounters(paths)
                ? No(library, "unknown_processor", $"{what}, though the kernel has counters of the processor: this version may not know the processor", $"install a newer libpapi and libpfm; {SoftwareEvents}")
                : No(library, "no_pmu", $"{what}: the kernel shows no counters of the processor here, as in most virtual machines", $"run it on the host, or give the virtual machine a PMU; {SoftwareEvents}");
    }

    /// <summary>x86 has <c>cpu</c>, or <c>cpu_core</c> and <c>cpu_atom</c>; arm64 names them after the core, like <c>armv8_pmuv3_0</c>.</summary>
    private static bool HasCounters(KernelPaths paths)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(paths.Sys("bus/event_source/devices")).Select(Path.GetFileName)
                .Any(static name => name is "cpu" || name!.StartsWith("cpu_", StringComparison.Ordinal) || name.StartsWith("armv", StringComparison.Ordinal));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static PapiSupport No(PapiLibrary? library, string reason, string explanation, string advice) =>
        new(Answer(false, reason, explanation, advice), library, Domain: 0);

    /// <summary>What the kernel refuses to this process, it refuses to the library too.</summary>
    private static PapiSupport No(PapiLibrary library, ProbeResult kernel) =>
        No(library, kernel.Reason, kernel.Explanation, kernel.Advice);

    private static ProbeResult Answer(bool isSupported, string reason, string explanation, string advice = "") =>
        new(PapiProvider.ProviderName, isSupported, reason, explanation, advice);
}
