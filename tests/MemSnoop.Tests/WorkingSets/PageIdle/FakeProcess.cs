using System.Runtime.InteropServices;
using MemSnoop.Processes;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>A process of a fake host: areas, and the folios their pages lead to.</summary>
internal sealed class FakeProcess(int pid, string directory, TrackedProcess tracked) : IDisposable
{
    private const ulong Swapped = 1UL << 62;
    private const ulong Present = 1UL << 63;
    private const ulong FileOrShared = 1UL << 61;
    private const ulong Exclusive = 1UL << 56;

    /// <summary>In the maps of every process on x86-64, without a pagemap entry.</summary>
    private const string Vsyscall = "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]";

    private ulong _nextPage = 0x1000;

    public int Pid { get; } = pid;

    public TrackedProcess Tracked { get; } = tracked;

    public List<FakeArea> Areas { get; } = [];

    /// <summary>Makes an area where none has been before, with room behind it to grow.</summary>
    public FakeArea Map(int pages, FolioKind kind, int inode = 1, ulong? startPage = null)
    {
        FakeArea area = new(startPage ?? TakePages(pages), pages, kind, inode);
        Areas.Add(area);
        return area;
    }

    public void Unmap(FakeArea area)
    {
        for (int i = 0; i < area.Pages.Count; i++)
        {
            Set(area, i, default);
        }

        Areas.Remove(area);
    }

    /// <summary>As mremap(2) with MREMAP_MAYMOVE does when there is no room to grow.</summary>
    public void Move(FakeArea area, int grownBy)
    {
        area.StartPage = TakePages(area.Pages.Count + grownBy);
        Grow(area, grownBy);
    }

    public static void Grow(FakeArea area, int pages)
    {
        for (int i = 0; i < pages; i++)
        {
            area.Pages.Add(default);
        }
    }

    public static void Set(FakeArea area, int page, FakePage value)
    {
        if (area.Pages[page].Folio is { } before)
        {
            before.Mappings[area.Pages[page].Index]--;
        }

        area.Pages[page] = value;
        if (value.Folio is { } now)
        {
            now.Mappings[value.Index]++;
        }
    }

    /// <summary>Writes maps and pagemap as the kernel would show them.</summary>
    public void Write()
    {
        Areas.Sort(static (left, right) => left.StartPage.CompareTo(right.StartPage));
        File.WriteAllLines(Path.Combine(directory, "maps"), [.. Areas.Select(static area => area.MapsLine), Vsyscall]);
        using FileStream pagemap = File.Open(Path.Combine(directory, "pagemap"), FileMode.OpenOrCreate);
        foreach (FakeArea area in Areas)
        {
            ulong[] entries = [.. area.Pages.Select(static page => Entry(page))];
            pagemap.Position = (long)area.StartPage * sizeof(ulong);
            pagemap.Write(MemoryMarshal.AsBytes(entries.AsSpan()));
        }
    }

    private static ulong Entry(FakePage page) =>
        page.IsSwapped ? Swapped | 0x12345
        : !page.IsPresent ? 0
        : Present | page.Frame
            | (page.Folio is { Kind: FolioKind.File or FolioKind.Shmem or FolioKind.Hugetlb or FolioKind.Driver } ? FileOrShared : 0)
            | (page.Folio is { } folio && folio.Mappings[page.Index] == 1 ? Exclusive : 0);

    private ulong TakePages(int pages)
    {
        ulong start = _nextPage;
        _nextPage += (ulong)pages + 1024;
        return start;
    }

    public void Dispose() => Tracked.Dispose();
}
