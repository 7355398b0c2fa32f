using System.Runtime.InteropServices;

namespace MemSnoop.Exporter;

/// <summary>The heap of the C library, which compression, TLS and the runtime itself use.</summary>
internal static partial class NativeHeap
{
    private const int MmapThreshold = -3;
    private const int ArenaMax = -8;

    /// <summary>
    /// Keeps it small. By default every thread that allocates gets an arena of its own, and what one compressed answer needed stays in it: 13 MB in seven arenas after
    /// sixty scrapes. One arena is enough, since hardly anything is allocated; and the compressor's tables, of 64 kB and more, are mappings that end with the answer.
    /// </summary>
    internal static void Limit()
    {
        try
        {
            // It returns 0 when it refuses; then the defaults hold.
            _ = SetOption(ArenaMax, 1);
            _ = SetOption(MmapThreshold, 64 * 1024);
        }
        catch (EntryPointNotFoundException)
        {
            // Not the GNU C library: others have no arenas.
        }
    }

    // mallopt(3)
    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int parameter, int value);
}
