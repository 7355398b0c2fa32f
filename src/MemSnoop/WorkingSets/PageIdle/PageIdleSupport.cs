using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Locks;
using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>Finds out whether the idle bitmap works on this host, and if not, why.</summary>
internal static class PageIdleSupport
{
    private const string KernelOption = "CONFIG_IDLE_PAGE_TRACKING";

    internal static ProbeResult Probe(KernelPaths paths)
    {
        string file = paths.Sys(IdleBitmap.RelativePath);
        if (!File.Exists(file))
        {
            return ExplainMissing(paths, file);
        }

        // First of all: opening the bitmap would look like another reader to the program that uses it.
        if (MeasuringLock.FindBitmapHolder(paths, LockMode.Exclusive) is { } holder)
        {
            return InUse(ExplainHolder(paths, holder));
        }

        ReadOutcome outcome = IdleBitmap.Open(paths, out IdleBitmap? bitmap);
        if (outcome != ReadOutcome.Success)
        {
            return ExplainClosed(file, outcome);
        }

        using (bitmap)
        {
            if (KpageFlags.Open(paths, out KpageFlags? flags) != ReadOutcome.Success)
            {
                return No("no_kpageflags", $"{paths.Proc("kpageflags")} cannot be read, and without it huge pages would be counted wrongly", "run as root, with the host's proc file system");
            }

            flags!.Dispose();
            if (!ShowsFrames(paths))
            {
                return No("no_capability", "the kernel hides page frame numbers from this process", "give it CAP_SYS_ADMIN: run as root, in Kubernetes as a privileged container");
            }

            return bitmap!.TryLock()
                ? new ProbeResult(PageIdleEstimator.MethodName, true, "ok", Explain(paths))
                : InUse(ExplainHolder(paths, holder: null));
        }
    }

    /// <summary>Who keeps this program from the accessed bits.</summary>
    internal static string ExplainHolder(KernelPaths paths, string? holder) =>
        $"{holder ?? "another program"} takes accessed bits and holds the lock of {paths.Sys(IdleBitmap.RelativePath)}; two would take them from each other";

    private static ProbeResult InUse(string explanation) =>
        No(ProbeResult.InUse, explanation, "stop that program, or use its numbers: one exporter serves the whole host");

    private static ProbeResult ExplainMissing(KernelPaths paths, string file)
    {
        // The kernel's own directory always has entries (numa, swap or transparent_hugepage); an empty one is masked.
        string directory = paths.Sys("kernel/mm");
        if (!Directory.Exists(directory) || !Directory.EnumerateFileSystemEntries(directory).Any())
        {
            return No("hidden", $"{directory} is missing or empty: this is not the host's sysfs, or it is masked", "mount the host's /sys and pass it with --sysfs; in Kubernetes by a hostPath volume");
        }

        return HasKernelOption(paths) == true
            ? No("hidden", $"the kernel has {KernelOption}, but {file} is not visible here", "run in a privileged container, or mount the host's /sys and pass it with --sysfs")
            : No("no_kernel_option", $"there is no {file}: this kernel was built without {KernelOption}", $"boot a kernel with {KernelOption}=y (Ubuntu from 23.10, Fedora and RHEL 9.2 have it, Debian does not)");
    }

    private static ProbeResult ExplainClosed(string file, ReadOutcome outcome)
    {
        if (outcome == ReadOutcome.Denied && Libc.EffectiveUserId() != 0)
        {
            return No("no_capability", $"only root may open {file}", "run as root");
        }

        return KernelFile.Open(file, out KernelHandle handle) == ReadOutcome.Success
            ? ReadOnly(handle)
            : No("denied", $"{file} cannot be opened ({outcome.ToReason()})", "run as root, in Kubernetes as a privileged container");

        ProbeResult ReadOnly(KernelHandle readable)
        {
            readable.Dispose();
            return No("read_only", $"{file} can be read but not written: sysfs is mounted read-only here", "mount the host's /sys writable, in Kubernetes by a privileged container");
        }
    }

    /// <summary>The kernel's configuration (CONFIG_IKCONFIG_PROC); null if the kernel does not show it.</summary>
    private static bool? HasKernelOption(KernelPaths paths)
    {
        try
        {
            using GZipStream text = new(File.OpenRead(paths.Proc("config.gz")), CompressionMode.Decompress);
            using StreamReader reader = new(text, Encoding.ASCII);
            while (reader.ReadLine() is { } line)
            {
                if (line == KernelOption + "=y")
                {
                    return true;
                }
            }

            return false;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>Looks up a page that is certainly present: the page of this method's local variable.</summary>
    private static unsafe bool ShowsFrames(KernelPaths paths)
    {
        ulong word = 1;
        if (KernelFile.Open(paths.Proc("self/pagemap"), out KernelHandle handle) != ReadOutcome.Success)
        {
            return false;
        }

        using (handle)
        {
            ulong page = (ulong)&word / KernelUnits.Current.PageBytes;
            ulong entry = 0;
            ReadOutcome outcome = KernelFile.Read(handle, MemoryMarshal.AsBytes(new Span<ulong>(ref entry)), (long)(page * sizeof(ulong)), out int bytes);

            // A tree of plain files, as in tests, has no entry for an address of this process.
            return outcome == ReadOutcome.Success && (bytes == 0 || new PagemapEntry(entry).FrameNumber != 0);
        }
    }

    private static string Explain(KernelPaths paths)
    {
        const string Works = "the idle bitmap works on this kernel; it stalls no process, and is exact for every page size while nothing else takes accessed bits";
        using GenerationsWatch generations = GenerationsWatch.Open(paths, HostMounts.AreReal(paths), new KernelBuffer());
        return !generations.IsOn() ? Works
            : generations.IsReadable ? Works + "; here the multi-generational LRU is on: windows in which it ages or reclaims memory become brackets"
            : Works + "; here the multi-generational LRU is on and cannot be watched: windows in which memory is reclaimed have no upper bound";
    }

    private static ProbeResult No(string reason, string explanation, string advice) =>
        new(PageIdleEstimator.MethodName, false, reason, explanation, advice);
}
