using MemSnoop.Paging;

namespace MemSnoop.WorkingSets;

/// <summary>
/// What backs the pages of a file, by its device. All files of a superblock have the same kind, so the flags of one page are enough. A table of names or
/// mounts would miss other mount namespaces.
/// </summary>
internal sealed class DeviceKinds(KpageFlags flags)
{
    private readonly Dictionary<ulong, PageKind?> _kinds = [];

    /// <summary>
    /// The kind of an area's file, by the first present page at hand if it is not known; an ordinary file as long as no page was
    /// there to be looked at. Null for hugetlbfs, whose pages cannot be idle.
    /// </summary>
    internal PageKind? Find(in MemoryArea area, ReadOnlySpan<ulong> entries)
    {
        if (_kinds.TryGetValue(area.Device, out PageKind? kind))
        {
            return kind;
        }

        foreach (ulong word in entries)
        {
            PagemapEntry entry = new(word);
            if (entry.IsPresent && entry.FrameNumber <= PagemapEntry.HighestFrame)
            {
                if (TryLook(entry, out kind))
                {
                    _kinds.Add(area.Device, kind);
                    return kind;
                }

                // A private copy of a page does not tell the kind of its file.
                if (!entry.IsFileOrShared)
                {
                    continue;
                }

                break;
            }
        }

        return PageKind.File;
    }

    /// <summary>False when the page says nothing of its file: a private copy, or one whose flags cannot be read.</summary>
    private bool TryLook(PagemapEntry entry, out PageKind? kind)
    {
        kind = null;
        ReadOnlySpan<ulong> words = flags.Read(entry.FrameNumber, 1);
        if (words.IsEmpty)
        {
            return false;
        }

        PageFlags page = new(words[0]);
        if (!page.IsHugetlb && (!entry.IsFileOrShared || page.IsAnon))
        {
            return false;
        }

        kind = page.IsHugetlb ? null : IsSwapBacked(entry, page) ? PageKind.Shmem : PageKind.File;
        return true;
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
