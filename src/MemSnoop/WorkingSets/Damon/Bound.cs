using MemSnoop.Disturbances;
using MemSnoop.Kernel;

namespace MemSnoop.WorkingSets.Damon;

/// <summary>
/// What disturbed the windows of one process, as brackets, and what that leaves certain of its idle ages. DAMON itself is not among what disturbs: the only kdamond
/// that there can be is ours.
/// </summary>
internal sealed class Bound
{
    /// <summary>What is in doubt may be this much of a window that is called whole: bytes, or a hundredth of what is resident.</summary>
    private const ulong NegligibleBytes = 128 * 1024;

    private readonly DoubtfulAges _doubts = new();

    /// <summary>A sample with what disturbed its window.</summary>
    /// <param name="sample">As if nothing had.</param>
    /// <param name="resident">What is resident of each kind, in bytes.</param>
    /// <param name="report">What happened.</param>
    /// <param name="fileReads">At most so many bytes the process has read by descriptor, which left no trace; 0 where that leaves one.</param>
    /// <param name="now">The end of the window.</param>
    /// <param name="ages">The ages of idle memory.</param>
    internal WorkingSetSample Judge(in WorkingSetSample sample, in PerKind resident, DisturbanceReport report, ulong fileReads, TimeSpan now, IdleAges ages)
    {
        HiddenPages hidden = HiddenPages.Add(report.Sum, report.Everywhere);
        PerKind idle = Idle(sample, resident);
        ulong anonBound = Bytes(hidden.Anon);
        ulong file = Math.Min(idle.File, Add(Bytes(hidden.File), fileReads));
        ulong hiddenBytes = Math.Min(idle.Anon + idle.Shmem, anonBound) + file;
        if (hiddenBytes > 0)
        {
            _doubts.Add(now, hiddenBytes);
        }

        // A huge page that the kernel has made of small ones looks used, used or not.
        ulong moved = Math.Min(Bytes((long)Math.Min(report.CollapsedPages, long.MaxValue)), sample.AnonBytes);
        WorkingSetSample judged = _doubts.Cut(sample, now, ages);
        return hiddenBytes + moved <= Math.Max(NegligibleBytes, sample.ResidentBytes / 100)
            ? judged
            : judged with
            {
                Disturbance = hidden.Reason != Disturbance.None && hiddenBytes > 0 ? hidden.Reason : moved > 0 ? Disturbance.Moved : Disturbance.FileRead,
                AnonBytes = sample.AnonBytes - moved,
                DoubtfulAnonBytes = Math.Min(idle.Anon, anonBound) + moved,
                DoubtfulFileBytes = file,
                DoubtfulShmemBytes = Math.Min(idle.Shmem, anonBound),
            };
    }

    private static PerKind Idle(in WorkingSetSample sample, in PerKind resident) => new()
    {
        Anon = resident.Anon - Math.Min(resident.Anon, sample.AnonBytes),
        File = resident.File - Math.Min(resident.File, sample.FileBytes),
        Shmem = resident.Shmem - Math.Min(resident.Shmem, sample.ShmemBytes),
    };

    private static ulong Add(ulong left, ulong right) => left > ulong.MaxValue - right ? ulong.MaxValue : left + right;

    private static ulong Bytes(long pages) =>
        (ulong)pages > ulong.MaxValue / KernelUnits.Current.PageBytes ? ulong.MaxValue : (ulong)pages * KernelUnits.Current.PageBytes;
}
