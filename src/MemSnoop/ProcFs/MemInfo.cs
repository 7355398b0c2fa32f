using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>What <c>/proc/meminfo</c> says of the host's memory: all of it, and what it is taken for.</summary>
/// <remarks>
/// One amount a line, in kB:
/// <code>
/// MemTotal:       16318484 kB
/// MemFree:          741492 kB
/// …
/// </code>
/// See <see href="https://man7.org/linux/man-pages/man5/proc_meminfo.5.html">proc_meminfo(5)</see>.
/// </remarks>
internal readonly record struct MemInfo
{
    /// <summary>Memory that the kernel manages.</summary>
    public ulong TotalKib { get; init; }

    /// <summary>What nobody has taken.</summary>
    public ulong FreeKib { get; init; }

    /// <summary>Buffers of block devices; part of the page cache.</summary>
    public ulong BuffersKib { get; init; }

    /// <summary>Pages of files, tmpfs and shared memory included, without those in <see cref="SwapCachedKib"/>.</summary>
    public ulong CachedKib { get; init; }

    /// <summary>Pages that came back from swap and have a place there still.</summary>
    public ulong SwapCachedKib { get; init; }

    /// <summary>Private memory of programs that is mapped.</summary>
    public ulong AnonKib { get; init; }

    /// <summary>Pages of files and of shared memory that are mapped.</summary>
    public ulong MappedKib { get; init; }

    /// <summary>Parses the text of the file. False when an amount is missing, is none of 64 bits, or a line is cut short.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out MemInfo value)
    {
        value = default;
        MemInfo read = default;
        int found = 0;
        Utf8Cursor cursor = new(text);
        while (!cursor.IsAtEnd)
        {
            if (!cursor.TryReadLine(out ReadOnlySpan<byte> line))
            {
                return false;
            }

            Utf8Cursor fields = new(line);
            if (!fields.TryReadUntil((byte)':', out ReadOnlySpan<byte> name) || Keep(name) is not { } keep)
            {
                continue;
            }

            fields.SkipBlanks();
            if (!fields.TryReadUInt64(out ulong kib) || !fields.TrySkip(" kB"u8) || kib > ulong.MaxValue / 1024)
            {
                return false;
            }

            read = keep(read, kib);
            found++;
        }

        if (found != 7)
        {
            return false;
        }

        value = read;
        return true;
    }

    private static Func<MemInfo, ulong, MemInfo>? Keep(ReadOnlySpan<byte> name) => name switch
    {
        _ when name.SequenceEqual("MemTotal"u8) => static (read, kib) => read with { TotalKib = kib },
        _ when name.SequenceEqual("MemFree"u8) => static (read, kib) => read with { FreeKib = kib },
        _ when name.SequenceEqual("Buffers"u8) => static (read, kib) => read with { BuffersKib = kib },
        _ when name.SequenceEqual("Cached"u8) => static (read, kib) => read with { CachedKib = kib },
        _ when name.SequenceEqual("SwapCached"u8) => static (read, kib) => read with { SwapCachedKib = kib },
        _ when name.SequenceEqual("AnonPages"u8) => static (read, kib) => read with { AnonKib = kib },
        _ when name.SequenceEqual("Mapped"u8) => static (read, kib) => read with { MappedKib = kib },
        _ => null,
    };
}
