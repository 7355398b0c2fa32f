using MemSnoop.Disturbances;
using MemSnoop.Kernel;

namespace MemSnoop.WorkingSets.Generations;

/// <summary>Whether generations of control groups can be read on this host, and if not, why.</summary>
internal static class GenerationsSupport
{
    internal static ProbeResult Explain(GenerationsWatch watch) => Explain(watch.IsBuilt, watch.IsOn(), watch.Reason);

    /// <param name="isBuilt">Whether the kernel has the multi-generational LRU.</param>
    /// <param name="isOn">Whether it is on.</param>
    /// <param name="reason"><c>ok</c>, or why its listing cannot be read.</param>
    internal static ProbeResult Explain(bool isBuilt, bool isOn, string reason) => (isBuilt, isOn, reason) switch
    {
        (false, _, _) => No("not_built", "this kernel has no multi-generational LRU", "boot Linux 6.1 or later with CONFIG_LRU_GEN=y"),
        (_, false, _) => No(
            "switched_off", "the multi-generational LRU is switched off", "echo y >/sys/kernel/mm/lru_gen/enabled (it changes how the host reclaims memory)"),
        (_, _, "ok") => new ProbeResult(HostGenerations.MethodName, true, "ok", "memory of control groups by the age of its generation; disturbs nobody"),
        (_, _, "no_debugfs") => No(reason, "there is no debugfs to read generations from", "boot a kernel with CONFIG_DEBUG_FS=y, without debugfs=off"),
        (_, _, "locked_down") => No(reason, "the kernel's lockdown closes debugfs", "nothing, unless the host can do without lockdown (kernel_lockdown(7))"),
        (_, _, "denied") => No(reason, "this process may not read debugfs", "run as root with CAP_SYS_ADMIN; in Kubernetes as a privileged container"),
        (_, _, "malformed") => No(reason, "the generations are listed in a form that is not known", "tell the project the version of this kernel"),
        _ => No(reason, $"the generations cannot be read ({reason})", "run as root with CAP_SYS_ADMIN, on a kernel with debugfs"),
    };

    private static ProbeResult No(string reason, string explanation, string advice) => new(HostGenerations.MethodName, false, reason, explanation, advice);
}
