namespace MemSnoop.Paging;

/// <summary>
/// A share of memory, in units of 2 MiB: the largest folio of most kernels is in one unit. Which units belong to it is random, but fixed: a unit has a number by what it is, and is in every
/// share whose bound lies above that number. So a smaller share is a part of every larger one, and what is watched stays watched.
/// </summary>
/// <param name="Bound">Units whose number is below belong to it; <see cref="uint.MaxValue"/> means all.</param>
/// <param name="Salt">Makes the choice random. Shares can be compared that have the same.</param>
internal readonly record struct MemoryShare(uint Bound, ulong Salt)
{
    /// <summary>
    /// A sample has so many units at least. Of a process that is smaller than twice so many, and of most that are not much larger, everything is measured: an error of 17 % at worst is still of use.
    /// </summary>
    internal const int LeastUnits = 32;

    /// <summary>All memory.</summary>
    internal static MemoryShare Whole { get; } = new(uint.MaxValue, 0);

    /// <summary>The same, but looked at unit by unit: what is missing of it is one unit in four thousand million.</summary>
    internal static MemoryShare InUnits { get; } = new(uint.MaxValue - 1, 0);

    internal bool IsWhole => Bound == uint.MaxValue;

    /// <summary>How much of memory is in it, from 0 to 1.</summary>
    internal double Fraction => IsWhole ? 1 : Bound / (double)(1UL << 32);

    /// <summary>The share of this size.</summary>
    internal static MemoryShare Of(double fraction, ulong salt) =>
        fraction >= 1 ? Whole : new MemoryShare((uint)Math.Min(uint.MaxValue - 1, fraction * (1UL << 32)), salt);

    /// <summary>So many pages are in the least units.</summary>
    internal static long LeastPages(ulong pageBytes) => LeastUnits * (long)(MemoryUnit.Bytes / pageBytes);

    /// <summary>Whether a unit belongs to it.</summary>
    internal bool Has(ulong unit) => IsWhole || NumberOf(unit) < Bound;

    /// <summary>The number of a unit: as good as random, by the end of SplitMix64.</summary>
    private uint NumberOf(ulong unit)
    {
        ulong mixed = (unit ^ Salt) + 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return (uint)((mixed ^ (mixed >> 31)) >> 32);
    }
}

/// <summary>
/// What a unit of memory is. Private memory is cut at multiples of 2 MiB of its addresses, files at multiples of 2 MiB of their content. So everybody who maps a part of a file watches the
/// same units of it, and so do processes that a fork has given the same memory at the same addresses.
/// </summary>
internal static class MemoryUnit
{
    internal const ulong Bytes = 2UL << 20;

    /// <summary>Units of files have this bit, so that they differ from those of private memory.</summary>
    private const ulong OfFile = 1UL << 63;

    /// <summary>Units of physical memory have this bit.</summary>
    private const ulong OfFrames = 1UL << 62;

    /// <summary>The unit of an address in an area.</summary>
    internal static ulong Of(in MemoryArea area, ulong address) =>
        area.IsFile ? OfFile | ((area.Inode * 0xD6E8FEB86659FD93) ^ (area.Device * 0xA0761D6478BD642F) ^ (PlaceOf(area, address) / Bytes)) : address / Bytes;

    /// <summary>The address at which the unit of an address begins, or the area does.</summary>
    internal static ulong StartOf(in MemoryArea area, ulong address) => Math.Max(area.Start, address - Math.Min(address, PlaceOf(area, address) % Bytes));

    /// <summary>The address at which the unit of an address ends, or the area does.</summary>
    internal static ulong EndOf(in MemoryArea area, ulong address) => Math.Min(area.End, address + (Bytes - (PlaceOf(area, address) % Bytes)));

    /// <summary>The unit of physical memory by its number.</summary>
    internal static ulong OfMemory(ulong number) => OfFrames | number;

    /// <summary>By what an area is cut: the place in its file, or else the address.</summary>
    private static ulong PlaceOf(in MemoryArea area, ulong address) => area.IsFile ? address - area.Start + area.Offset : address;
}
