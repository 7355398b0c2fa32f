using System.Runtime.InteropServices;
using MemSnoop.Disturbances;

namespace MemSnoop.WorkingSets.Generations;

/// <summary>The memory of one control group by the age of its generations, on all nodes together.</summary>
/// <remarks>
/// A generation has no bounds of its own, only a moment at which it was opened: it holds what the kernel found used, or first saw, while it was the youngest.
/// So the memory in it was last seen in use after it was opened and before the next one was, except that
/// <list type="bullet">
/// <item>new memory is put into the youngest or the one before (<c>lru_gen_add_folio</c> in <c>include/linux/mm_inline.h</c>), and cache that is read by
/// <c>read(2)</c> into old ones: no lower bound;</item>
/// <item>the first generations, up to number 3, are opened with the group, all at once;</item>
/// <item>the oldest has also taken over what was left in those before it (<c>inc_min_seq</c> in <c>mm/vmscan.c</c>): no upper bound;</item>
/// <item>without swap the kernel does not age anonymous memory, and lets the numbers of its generations wrap around: no bounds.</item>
/// </list>
/// </remarks>
internal sealed class GroupGenerations(string path)
{
    private readonly List<AgeBand> _bands = [];

    /// <summary>The path of the control group; the root is <c>/</c>.</summary>
    internal string Path { get; } = path;

    /// <summary>The sum of all bands.</summary>
    internal ulong Bytes { get; private set; }

    /// <summary>Its memory, a band for each type and range of ages that has any.</summary>
    internal ReadOnlySpan<AgeBand> Bands => CollectionsMarshal.AsSpan(_bands);

    /// <summary>Whether it is published.</summary>
    internal bool IsShown { get; set; }

    /// <summary>The number of the reading in which it was last filled.</summary>
    internal long Reading { get; private set; }

    /// <summary>The number of the reading in which the group itself was last listed, and not only removed ones below it.</summary>
    internal long Listed { get; set; }

    /// <summary>The kernel's number of the group, at that reading.</summary>
    internal ulong Id { get; set; }

    /// <summary>Empties it, unless this reading has begun to fill it.</summary>
    internal void Begin(long reading)
    {
        if (Reading != reading)
        {
            Reading = reading;
            Bytes = 0;
            _bands.Clear();
        }
    }

    /// <summary>Adds the memory of a node, or of a removed group.</summary>
    /// <param name="node">Its generations.</param>
    /// <param name="ages">The ages to which bounds are rounded, outwards.</param>
    /// <param name="isAnonAged">Whether the kernel ages anonymous memory here.</param>
    /// <param name="pageBytes">The size of a page.</param>
    internal void Add(in NodeGenerations node, IdleAges ages, bool isAnonAged, ulong pageBytes)
    {
        for (ulong back = Math.Min(node.Youngest - node.Oldest, NodeGenerations.MostGenerations - 1); ; back--)
        {
            ulong number = node.Youngest - back;
            if (node.TryGet(number, out (ulong AgeMilliseconds, long Anon, long File) generation))
            {
                bool isOldest = number == node.Oldest && number > GenerationsWatch.FirstYoungest;
                int max = isOldest ? ages.Count : IndexAbove(ages, generation.AgeMilliseconds);
                bool hasWrapped = !isAnonAged && node.Youngest > GenerationsWatch.FirstYoungest;
                Add(false, hasWrapped ? 0 : IndexBelow(ages, LowerBound(node, number)), hasWrapped ? ages.Count : max, (ulong)generation.Anon * pageBytes);
                Add(true, 0, max, (ulong)generation.File * pageBytes);
            }

            if (back == 0)
            {
                return;
            }
        }
    }

    /// <summary>The least age of anonymous memory in a generation, in milliseconds.</summary>
    private static ulong LowerBound(in NodeGenerations node, ulong number)
    {
        ulong next = Math.Max(number, GenerationsWatch.FirstYoungest) + 1;
        return next < node.Youngest && node.TryGet(next, out (ulong AgeMilliseconds, long Anon, long File) opened) ? opened.AgeMilliseconds : 0;
    }

    private void Add(bool isFile, int min, int max, ulong bytes)
    {
        if (bytes == 0)
        {
            return;
        }

        Bytes += bytes;
        for (int i = 0; i < _bands.Count; i++)
        {
            AgeBand band = _bands[i];
            if (band.IsFile == isFile && band.Min == min && band.Max == max)
            {
                _bands[i] = band with { Bytes = band.Bytes + bytes };
                return;
            }
        }

        _bands.Add(new AgeBand(isFile, min, max, bytes));
    }

    private static int IndexBelow(IdleAges ages, ulong milliseconds)
    {
        int index = 0;
        while (index + 1 < ages.Count && ages[index + 1].TotalMilliseconds <= milliseconds)
        {
            index++;
        }

        return index;
    }

    private static int IndexAbove(IdleAges ages, ulong milliseconds)
    {
        int index = 0;
        while (index < ages.Count && ages[index].TotalMilliseconds < milliseconds)
        {
            index++;
        }

        return index;
    }
}
