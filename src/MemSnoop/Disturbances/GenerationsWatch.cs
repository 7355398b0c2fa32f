using MemSnoop.Kernel;

namespace MemSnoop.Disturbances;

/// <summary>
/// Watches the multi-generational LRU, whose aging clears accessed bits and leaves idle flags set (<c>walk_pte_range</c>, <c>lru_gen_look_around</c> in
/// <c>mm/vmscan.c</c>).
/// </summary>
/// <remarks>
/// Aging moves what it found accessed into the generation that is the youngest at that moment, and then opens a new one. Eviction that comes upon an accessed
/// page does the same with its neighbours, and opens none. So all that was taken from a window is in the generations numbered as the youngest at the window's
/// start, or higher. A pass over page tables that is under way at a moment is seen in the next window only: it counts its generation when it has ended.
/// </remarks>
internal sealed class GenerationsWatch : IDisposable
{
    /// <summary>The number of the youngest generation in a new group (<c>MIN_NR_GENS + 1</c> since Linux 6.1): nothing was ever aged there.</summary>
    internal const ulong FirstYoungest = 3;

    private readonly KernelText _enabled;
    private readonly KernelHandle _listing = KernelHandle.None;

    private GenerationsWatch(KernelPaths paths, bool isReal, KernelBuffer buffer)
    {
        _enabled = new KernelText(paths.Sys("kernel/mm/lru_gen/enabled"), buffer);
        if (!_enabled.Exists)
        {
            Reason = "not_built";
            return;
        }

        // The file for reading only stays readable where the kernel is locked down (kernel_lockdown(7)).
        string? reason = DebugFileSystem.Open(paths, isReal, ["lru_gen", "lru_gen_full"], out _listing);
        Reason = reason ?? (new GenerationsListing().Read(_listing) switch
        {
            ReadOutcome.Success => "ok",
            ReadOutcome outcome => outcome.ToReason(),
        });
    }

    /// <summary>Whether this kernel has the multi-generational LRU, on or off.</summary>
    internal bool IsBuilt => _enabled.Exists;

    /// <summary><c>ok</c>, or in one word why generations cannot be read: <c>not_built</c>, <c>no_debugfs</c>, <c>locked_down</c>, <c>denied</c>, <c>malformed</c>.</summary>
    internal string Reason { get; }

    /// <summary>Whether generations can be read.</summary>
    internal bool IsReadable => Reason == "ok";

    /// <param name="paths">The roots.</param>
    /// <param name="isReal">Whether the roots are the kernel's own, so that debugfs may be looked for elsewhere.</param>
    /// <param name="buffer">For small files.</param>
    internal static GenerationsWatch Open(KernelPaths paths, bool isReal, KernelBuffer buffer) => new(paths, isReal, buffer);

    /// <summary>Whether the multi-generational LRU is on now: the bit 0x0001 of its switch.</summary>
    internal bool IsOn() => HasBit(0x0001);

    /// <summary>
    /// Whether aging looks at page tables: the bit 0x0002. It is never set where the processor does not note accesses itself. Without it an aging opens a new
    /// generation, and notices no use.
    /// </summary>
    internal bool LooksAtPageTables() => HasBit(0x0002);

    /// <summary>Reads the generations of this moment; the listing is unknown if they cannot be read.</summary>
    internal ReadOutcome Read(GenerationsListing listing)
    {
        listing.Clear();
        return IsReadable ? listing.Read(_listing) : ReadOutcome.NotSupported;
    }

    /// <summary>Whether a node was aged between two moments.</summary>
    /// <param name="before">The node at the first moment; null if it was not there.</param>
    /// <param name="after">The node at the second moment.</param>
    /// <param name="milliseconds">The time between.</param>
    internal static bool WasAged(NodeGenerations? before, in NodeGenerations after, double milliseconds) =>
        before is not { } known ? after.Youngest > FirstYoungest

        // The number alone does not tell a group that was removed and made again under its old name.
        : after.Youngest != known.Youngest || (after.Youngest > FirstYoungest && after.YoungestAge < milliseconds);

    private bool HasBit(ulong bit) => _enabled.Read() is [(byte)'0', (byte)'x', .. ReadOnlySpan<byte> digits]
        && System.Buffers.Text.Utf8Parser.TryParse(digits, out ulong mask, out _, 'x') && (mask & bit) != 0;

    public void Dispose()
    {
        _enabled.Dispose();
        _listing.Dispose();
    }
}
