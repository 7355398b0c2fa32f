using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Locks;

namespace MemSnoop.WorkingSets.Damon;

/// <summary>Finds out whether DAMON can be used on this host, and if not, why.</summary>
internal static class DamonSupport
{
    /// <summary>The method's name.</summary>
    internal const string MethodName = "damon";

    private const string Advice = "boot a kernel with CONFIG_DAMON_VADDR=y and CONFIG_DAMON_SYSFS=y, from Linux 6.7 on (Debian 13 and Fedora have them)";

    /// <summary>Asks. What another program has set up is only looked at.</summary>
    internal static ProbeResult Probe(KernelPaths paths)
    {
        string directory = paths.Sys(Kdamond.RelativePath);
        string file = Path.Join(directory, "nr_kdamonds");
        if (!File.Exists(file))
        {
            return ExplainMissing(paths, file);
        }

        // First of all what lasts: on a host where others use DAMON it does not matter who else measures.
        string users = DamonWatch.UsersOn(paths);
        if (users.Length > 0)
        {
            return No("kernel_user", $"{users} uses DAMON on this host, and the kernel lets nobody else use it meanwhile", $"echo N > {paths.Sys($"module/{users.Split(',')[0]}/parameters/enabled")}");
        }

        if (Kdamond.FindOwner(paths) == KdamondOwner.Stranger)
        {
            return ExplainStranger(directory);
        }

        if (MeasuringLock.FindBitmapHolder(paths, LockMode.Shared) is { } holder)
        {
            return No(ProbeResult.InUse, ExplainHolder(holder), "stop that program, or use its numbers: one exporter serves the whole host");
        }

        // Who clears referenced bits lets others do so as well: whether DAMON would work cannot be tried meanwhile, and the next method can be used.
        if (MeasuringLock.FindBitmapHolder(paths, LockMode.Exclusive) is { } clearing)
        {
            return No("referenced_bits", ExplainHolder(clearing), "start again when that program has ended");
        }

        if (KernelFile.Open(file, Libc.OpenReadWrite, out KernelHandle handle) is var outcome and not ReadOutcome.Success)
        {
            return outcome == ReadOutcome.Denied && Libc.EffectiveUserId() != 0 ? No("no_capability", $"only root may open {file}", "run as root")
                : No("read_only", $"{file} cannot be written ({outcome.ToReason()})", "mount the host's /sys writable, in Kubernetes by a privileged container");
        }

        handle.Dispose();
        if (HostMounts.AreReal(paths) && !PidNamespace.IsOwn(paths))
        {
            return No("pid_namespace", $"the pids below {paths.ProcRoot} are not those of this process, and DAMON takes its own", "share the host's pid namespace, in Kubernetes by hostPID: true");
        }

        return ProbeKdamonds(paths, directory);
    }

    /// <summary>Whether it may be chosen, as far as files tell that everybody may read: before anything is tried, and before rights are given up.</summary>
    internal static bool MayWork(KernelPaths paths) =>
        Directory.Exists(paths.Sys(Kdamond.RelativePath)) && DamonWatch.UsersOn(paths).Length == 0 && Kdamond.FindOwner(paths) != KdamondOwner.Stranger;

    /// <summary>Who keeps this program from the accessed bits.</summary>
    internal static string ExplainHolder(string holder) => $"{holder} takes accessed bits, and DAMON would take them from it";

    private static ProbeResult ProbeKdamonds(KernelPaths paths, string directory) => Kdamond.FindOwner(paths) switch
    {
        // One that is left, or that another program of ours has for the moment in which it asks as well.
        KdamondOwner.MemSnoop or KdamondOwner.Nobody => ProbeOwn(paths, directory),
        KdamondOwner.Stranger => ExplainStranger(directory),
        _ => No("denied", $"{directory} cannot be read", "run as root"),
    };

    /// <summary>
    /// Sets a kdamond up, since the kernel does not say in any other place what one can do, and removes it. One that a killed exporter has left is gone then.
    /// </summary>
    private static ProbeResult ProbeOwn(KernelPaths paths, string directory)
    {
        using Kdamond? kdamond = Kdamond.TryMake(paths);
        return kdamond is null ? No("failed", $"no kdamond can be set up in {directory}", "see whether another program is about to do it, and try again")
            : !kdamond.HasVirtualAddresses ? No("no_kernel_option", "DAMON of this kernel watches no virtual addresses: it was built without CONFIG_DAMON_VADDR", Advice)
            : !kdamond.HasApplyInterval ? No("old_kernel", "DAMON of this kernel does not tell what it has seen as often as is needed: that came with Linux 6.7", Advice)
            : Yes(isExact: YoungScan.TryMake(kdamond)?.Works() == true);
    }

    private static ProbeResult Yes(bool isExact) => new(
        MethodName,
        true,
        "ok",
        isExact
            ? "DAMON counts every page on this kernel, and stalls a process for one range of its memory at a time"
            : "DAMON watches samples of each process's pages on this kernel (before 6.18), so working sets are estimates, with their error; it stalls no process");

    private static ProbeResult ExplainMissing(KernelPaths paths, string file)
    {
        // The kernel's own directory always has entries (numa, swap or transparent_hugepage); an empty one is masked.
        string directory = paths.Sys("kernel/mm");
        return !Directory.Exists(directory) || !Directory.EnumerateFileSystemEntries(directory).Any()
            ? No("hidden", $"{directory} is missing or empty: this is not the host's sysfs, or it is masked", "mount the host's /sys and pass it with --sysfs; in Kubernetes by a hostPath volume")
            : No("no_kernel_option", $"there is no {file}: this kernel was built without CONFIG_DAMON_SYSFS", Advice);
    }

    private static ProbeResult ExplainStranger(string directory) =>
        No("others_kdamond", $"another program has set up kdamonds in {directory}, and they are left alone", "end that program, or set nr_kdamonds there to 0");

    private static ProbeResult No(string reason, string explanation, string advice) => new(MethodName, false, reason, explanation, advice);
}
