namespace MemSnoop.WorkingSets.Shares;

/// <summary>Pages of one unit of memory that a walk has counted.</summary>
/// <param name="Unit">The unit (<see cref="Paging.MemoryUnit"/>).</param>
/// <param name="Resident">Resident pages of the process.</param>
/// <param name="Used">Those of them that were used.</param>
/// <param name="UsedForGroup">Those of them that were used and that no process before counted for the group.</param>
internal readonly record struct UnitPages(ulong Unit, long Resident, KindPages Used, KindPages UsedForGroup);

/// <summary>A number for each kind of page.</summary>
/// <param name="Anon">Private memory.</param>
/// <param name="File">Page cache.</param>
/// <param name="Shmem">Shared memory.</param>
internal readonly record struct KindPages(double Anon, double File, double Shmem)
{
    internal double Total => Anon + File + Shmem;

    public static KindPages operator +(in KindPages left, in KindPages right) => new(left.Anon + right.Anon, left.File + right.File, left.Shmem + right.Shmem);

    public static KindPages operator -(in KindPages left, in KindPages right) => new(left.Anon - right.Anon, left.File - right.File, left.Shmem - right.Shmem);

    public static KindPages operator *(in KindPages pages, double factor) => new(pages.Anon * factor, pages.File * factor, pages.Shmem * factor);
}
