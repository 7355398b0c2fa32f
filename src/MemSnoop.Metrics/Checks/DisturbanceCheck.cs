using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Locks;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Metrics.Checks;

/// <summary>What else takes accessed bits on this host, and what to do about it.</summary>
internal static class DisturbanceCheck
{
    /// <summary>Linux 6.2: migration carries the accessed bit along.</summary>
    private static readonly Version KeepsAccessedBits = new(6, 2);

    /// <param name="paths">The roots.</param>
    /// <param name="method">The method in use; null when none works. Only the idle bitmap is disturbed by what is found here.</param>
    internal static IEnumerable<HostFinding> Find(KernelPaths paths, string? method)
    {
        bool isDisturbed = method == PageIdleEstimator.MethodName;
        using HostDisturbances watch = HostDisturbances.Open(paths, TimeProvider.System);
        yield return Generations(watch.Generations, isDisturbed);
        yield return Damon(watch.Damon, DamonWatch.UsersOn(paths), isDisturbed);
        if (isDisturbed)
        {
            yield return Readers(BitmapUsers.FindUsers(paths).Writers);
        }

        // Only root takes locks.
        if (method is not null && Libc.EffectiveUserId() == 0 && MeasuringLock.WhyMissing(paths) is { } missing)
        {
            yield return NoLocks(missing);
        }

        if (Sysctl.BalancesNuma(paths))
        {
            yield return Numa(isDisturbed, Environment.OSVersion.Version);
        }
    }

    internal static HostFinding Generations((bool IsBuilt, bool IsOn, string Reason) found, bool isDisturbed)
    {
        const string Topic = "disturbance: generations";
        if (!found.IsOn)
        {
            return HostFinding.Fine(Topic, found.IsBuilt
                ? "the multi-generational LRU is off; other reclaim leaves the idle bitmap alone"
                : "this kernel has no multi-generational LRU; other reclaim leaves the idle bitmap alone");
        }

        if (!isDisturbed)
        {
            return HostFinding.Fine(Topic, "the multi-generational LRU is on, which disturbs the method page_idle alone");
        }

        return found.Reason == "ok"
            ? new HostFinding(
                HostFinding.Limited, Topic, "generations_on",
                "the multi-generational LRU is on: windows in which it ages or reclaims memory become brackets, bounded by its generations",
                "nothing, or for whole windows: echo n >/sys/kernel/mm/lru_gen/enabled (it changes how the host reclaims memory)")
            : new HostFinding(
                HostFinding.Limited, Topic, found.Reason,
                $"the multi-generational LRU is on, and {Why(found.Reason)}: windows in which memory is reclaimed have no upper bound",
                found.Reason is "no_debugfs" or "denied"
                    ? "run as root with CAP_SYS_ADMIN on a kernel with debugfs; or echo n >/sys/kernel/mm/lru_gen/enabled"
                    : "echo n >/sys/kernel/mm/lru_gen/enabled, if the bounds are needed");
    }

    internal static HostFinding Damon((bool Exists, bool IsOn) found, string users, bool isDisturbed)
    {
        const string Topic = "disturbance: DAMON";
        return !found.IsOn ? HostFinding.Fine(Topic, found.Exists ? "DAMON is off" : "no DAMON is to be seen")
            : !isDisturbed ? HostFinding.Fine(Topic, "DAMON is on, which disturbs the method page_idle alone")
            : new HostFinding(
                HostFinding.Limited, Topic, "damon_on",
                $"DAMON is on ({(users.Length > 0 ? users : "set up by a program")}) and clears accessed bits: no window has an upper bound",
                users.Length > 0
                    ? $"echo N >/sys/module/{users.Split(',')[0]}/parameters/enabled, unless somebody needs it; or --method referenced"
                    : "stop the program that uses /sys/kernel/mm/damon; or --method referenced");
    }

    internal static HostFinding Readers(IReadOnlyList<int> writers)
    {
        const string Topic = "disturbance: another reader";
        return writers.Count == 0
            ? HostFinding.Fine(Topic, "no other program has the idle bitmap open for writing")
            : new HostFinding(
                HostFinding.Limited, Topic, "bitmap_in_use",
                $"the idle bitmap is open for writing in process {string.Join(", ", writers)}: windows while it is have no upper bound",
                "stop that program, or use its numbers");
    }

    internal static HostFinding NoLocks(string missing) => new(
        HostFinding.Limited, "locks", "no_locks",
        $"{missing}: another memsnoop on this host is noticed only if it uses the idle bitmap",
        "make the directory writable for root, or name another one by --run-dir, the same for all memsnoops of a host");

    internal static HostFinding Numa(bool isDisturbed, Version kernel)
    {
        const string Topic = "NUMA balancing";
        return isDisturbed && kernel < KeepsAccessedBits
            ? new HostFinding(
                HostFinding.Limited, Topic, "numa_balancing_on",
                "on: before Linux 6.2, memory that the kernel moves to another node loses its accessed bits",
                "sysctl kernel.numa_balancing=0 if you need exact numbers")
            : HostFinding.Fine(Topic, "on; memory that the kernel moves to another node keeps its accessed bits");
    }

    private static string Why(string reason) => reason switch
    {
        "no_debugfs" => "there is no debugfs to read its generations from",
        "locked_down" => "the kernel's lockdown closes debugfs",
        "denied" => "this process may not read debugfs",
        "malformed" => "its generations are listed in a form that is not known",
        _ => $"its generations cannot be read ({reason})",
    };
}
