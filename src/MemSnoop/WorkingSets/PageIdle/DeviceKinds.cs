using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>What the pages of a mapped file are.</summary>
internal enum BackingKind
{
    /// <summary>Not known yet: no page of the device has been looked at.</summary>
    Unknown,

    /// <summary>A file in the page cache.</summary>
    File,

    /// <summary>tmpfs in one of its forms.</summary>
    Shmem,

    /// <summary>hugetlbfs, whose pages cannot be idle.</summary>
    Hugetlb,
}

/// <summary>
/// What the pages of a file are, by its device. All files of a superblock are of one kind, so one look at the flags of
/// one page settles it for all; a table of names or of mounts would not know those of other mount namespaces.
/// </summary>
internal sealed class DeviceKinds(KpageFlags flags)
{
    private readonly Dictionary<ulong, BackingKind> _kinds = [];

    /// <summary>The kind of an area's file, by the first present page at hand if it is not known.</summary>
    internal BackingKind Find(in MemoryArea area, ReadOnlySpan<ulong> entries)
    {
        if (_kinds.TryGetValue(area.Device, out BackingKind kind))
        {
            return kind;
        }

        foreach (ulong word in entries)
        {
            PagemapEntry entry = new(word);
            if (entry.IsPresent && entry.FrameNumber <= FrameTable.HighestFrame)
            {
                kind = Look(entry);
                if (kind != BackingKind.Unknown)
                {
                    _kinds.Add(area.Device, kind);
                    return kind;
                }

                // A private copy of a file's page says nothing of the file.
                if (!entry.IsFileOrShared)
                {
                    continue;
                }

                break;
            }
        }

        return BackingKind.Unknown;
    }

    private BackingKind Look(PagemapEntry entry)
    {
        ReadOnlySpan<ulong> words = flags.Read(entry.FrameNumber, 1);
        if (words.IsEmpty)
        {
            return BackingKind.Unknown;
        }

        PageFlags page = new(words[0]);
        return page.IsHugetlb ? BackingKind.Hugetlb
            : !entry.IsFileOrShared || page.IsAnon ? BackingKind.Unknown
            : IsSwapBacked(entry, page) ? BackingKind.Shmem
            : BackingKind.File;
    }

    /// <summary>Flags of a folio's own, like this one, are reported for its tails only by newer kernels; ask the head.</summary>
    private bool IsSwapBacked(PagemapEntry entry, PageFlags page)
    {
        if (page.IsSwapBacked || !page.IsCompoundTail)
        {
            return page.IsSwapBacked;
        }

        ulong first = entry.FrameNumber & ~511UL;
        ReadOnlySpan<ulong> words = flags.Read(first, (int)(entry.FrameNumber - first));
        for (int i = words.Length - 1; i >= 0; i--)
        {
            PageFlags candidate = new(words[i]);
            if (candidate.IsCompoundHead)
            {
                return candidate.IsSwapBacked;
            }
        }

        return false;
    }
}
