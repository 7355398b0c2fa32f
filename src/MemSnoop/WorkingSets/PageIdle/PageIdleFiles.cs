using MemSnoop.Containers;
using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Locks;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.WorkingSets.PageIdle.Handover;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>What all windows on this host have in common: the kernel's files about frames, and the watch over what disturbs them.</summary>
internal sealed class PageIdleFiles(IIdleBitmap bitmap, KpageFlags flags, KpageCgroup? cgroups, IDisturbanceWatch disturbances, ulong pageBytes) : IDisposable
{
    internal SharedIdleBitmap Bitmap { get; } = new(bitmap, flags);

    internal KpageFlags Flags => flags;

    /// <summary>Null on a kernel without memory control groups.</summary>
    internal KpageCgroup? Cgroups => cgroups;

    /// <summary>How opening that file ended.</summary>
    internal ReadOutcome CgroupsOpened { get; init; }

    /// <summary>The hierarchy of memory control groups; null if nobody asked for what is charged to them.</summary>
    internal ControlGroups? Groups { get; init; }

    /// <summary>The file that tells where there is memory.</summary>
    internal required string ZoneInfoPath { get; init; }

    internal IDisturbanceWatch Disturbances => disturbances;

    internal ulong PageBytes => pageBytes;

    /// <summary>How long a process has lived. Default value: by the kernel's clock of the time since boot.</summary>
    internal Func<TrackedProcess, TimeSpan> LifeOf { get; init; } = static process => BootTime.Now - TimeSpan.FromSeconds(KernelUnits.Current.Seconds(process.Identity.StartTicks));

    /// <summary>The time since the host was started, suspended time included.</summary>
    internal Func<TimeSpan> Uptime { get; init; } = static () => BootTime.Now;

    /// <summary>Which start of the host it is; null if the kernel does not say it.</summary>
    internal Guid? Boot { get; init; }

    /// <summary>Keeps others from the accessed bits of this host; null where a test has a host of its own.</summary>
    internal MeasuringLock? Lock { get; init; }

    /// <summary>Opens the idle bitmap and the other files, and locks others out.</summary>
    /// <param name="paths">Where they are.</param>
    /// <param name="wantsGroups">Whether the hierarchy of memory control groups is needed.</param>
    /// <param name="clock">The clock.</param>
    /// <exception cref="IOException">One cannot be opened, or another program holds the lock.</exception>
    internal static PageIdleFiles Open(KernelPaths paths, bool wantsGroups, TimeProvider clock)
    {
        (MeasuringLock? taken, string? holder) = MeasuringLock.TryTakeBitmap(paths, LockMode.Exclusive);
        if (taken is null)
        {
            throw new MeasuringLockHeldException(PageIdleSupport.ExplainHolder(paths, holder));
        }

        IdleBitmap? bitmap = null;
        try
        {
            ReadOutcome outcome = IdleBitmap.Open(paths, out bitmap);
            if (outcome != ReadOutcome.Success)
            {
                throw new IOException($"{paths.Sys(IdleBitmap.RelativePath)} cannot be opened ({outcome.ToReason()})");
            }

            if (!bitmap!.TryLock())
            {
                throw new MeasuringLockHeldException(PageIdleSupport.ExplainHolder(paths, holder: null));
            }

            outcome = KpageFlags.Open(paths, out KpageFlags? flags);
            if (outcome != ReadOutcome.Success)
            {
                throw new IOException($"{paths.Proc("kpageflags")} cannot be opened ({outcome.ToReason()})");
            }

            // After the bitmap: the watch takes who opens it from then on for a stranger.
            outcome = KpageCgroup.Open(paths, out KpageCgroup? cgroups);
            return new PageIdleFiles(bitmap, flags!, cgroups, HostDisturbances.Open(paths, clock), KernelUnits.Current.PageBytes)
            {
                Lock = taken,
                CgroupsOpened = outcome,
                Groups = wantsGroups ? new ControlGroups(paths, HostMounts.AreReal(paths)) : null,
                ZoneInfoPath = paths.Proc("zoneinfo"),
                Boot = AgesHeader.BootOf(paths),
            };
        }
        catch
        {
            bitmap?.Dispose();
            taken.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        disturbances.Dispose();
        Bitmap.Dispose();
        flags.Dispose();
        cgroups?.Dispose();
        Groups?.Dispose();
        Lock?.Dispose();
    }
}
