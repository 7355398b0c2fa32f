using System.Globalization;
using MemSnoop.Disturbances;
using MemSnoop.Kernel;

namespace MemSnoop.WorkingSets.Generations;

/// <summary>Whether control groups can be aged on this host, and if not, why.</summary>
internal static class AgingSupport
{
    internal static ProbeResult Explain(GenerationsWatch watch, AgingCommand command)
    {
        ProbeResult read = GenerationsSupport.Explain(watch);
        return !read.IsSupported ? read with { Method = HostAging.MethodName }
            : !watch.LooksAtPageTables() ? No(
                "no_walk", "aging does not look at page tables here, so it would notice no use",
                "echo 7 >/sys/kernel/mm/lru_gen/enabled; if that changes nothing, the processor does not note accesses")
            : command.Reason switch
            {
                "ok" => new ProbeResult(HostAging.MethodName, true, "ok", "control groups are aged, which tells how much of their memory is used"),
                "locked_down" => No("locked_down", "the kernel's lockdown closes debugfs for writing", "nothing, unless the host can do without lockdown (kernel_lockdown(7))"),
                string reason => No(reason, "this process may not write to debugfs", "run as root with CAP_SYS_ADMIN; in Kubernetes as a privileged container"),
            };
    }

    internal static ProbeResult InUse(string holder) => No(
        ProbeResult.InUse, $"{holder} takes accessed bits, and aging would take them from it", "stop that program; aging begins as soon as it has ended");

    /// <summary>This program takes the bits itself.</summary>
    internal static ProbeResult Rival(string method) => No(
        method, $"the method {method} takes the same accessed bits", "nothing, or --no-collector.working-set: then the generations are all that is known of use");

    internal static ProbeResult TooOften(ulong milliseconds) => No(
        "min_ttl", string.Create(CultureInfo.InvariantCulture, $"the kernel protects generations that are younger than {milliseconds} ms (min_ttl_ms), so it could reclaim nothing"),
        "make --age-interval longer than /sys/kernel/mm/lru_gen/min_ttl_ms");

    internal static ProbeResult Unreadable(ReadOutcome outcome) => No(
        outcome.ToReason(), $"the generations cannot be read ({outcome.ToReason()})", "run as root with CAP_SYS_ADMIN, on a kernel with debugfs");

    internal static ProbeResult Refused(AgingOutcome outcome) => No(
        outcome.ToReason(), $"the kernel refuses to age control groups ({outcome.ToReason()})", "run as root with CAP_SYS_ADMIN, on a kernel without lockdown");

    private static ProbeResult No(string reason, string explanation, string advice) => new(HostAging.MethodName, false, reason, explanation, advice);
}
