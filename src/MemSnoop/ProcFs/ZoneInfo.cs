using System.Buffers.Text;
using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>Where there is physical memory: a zone of <c>/proc/zoneinfo</c>, which may have small holes.</summary>
/// <param name="First">Its first page frame.</param>
/// <param name="Count">How many frames it spans.</param>
/// <remarks>
/// <code>
/// Node 0, zone    DMA32
///   pages free     759231
///         spanned  1044480
///         present  782290
///   start_pfn:           4096
/// </code>
/// A zone without memory has no <c>start_pfn</c>. See <see href="https://man7.org/linux/man-pages/man5/proc_zoneinfo.5.html">proc_zoneinfo(5)</see>.
/// </remarks>
internal readonly record struct ZoneInfo(ulong First, ulong Count)
{
    /// <summary>Parses the text of the file; the list's content is replaced. False when it names no zone with memory.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, List<ZoneInfo> zones)
    {
        zones.Clear();
        ulong spanned = 0;
        Utf8Cursor cursor = new(text);
        while (cursor.TryReadLine(out ReadOnlySpan<byte> line))
        {
            if (line.StartsWith("Node "u8))
            {
                spanned = 0;
            }
            else if (TryReadAfter(line, "spanned"u8, out ulong count))
            {
                spanned = count;
            }
            else if (TryReadAfter(line, "start_pfn:"u8, out ulong first) && spanned > 0 && first + spanned > first)
            {
                zones.Add(new ZoneInfo(first, spanned));
            }
        }

        return zones.Count > 0;
    }

    private static bool TryReadAfter(ReadOnlySpan<byte> line, ReadOnlySpan<byte> key, out ulong value)
    {
        line = line.TrimStart((byte)' ');
        value = 0;
        return line.StartsWith(key) && Utf8Parser.TryParse(line[key.Length..].TrimStart((byte)' '), out value, out _);
    }
}
