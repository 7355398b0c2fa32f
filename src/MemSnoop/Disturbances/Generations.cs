using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MemSnoop.Kernel;
using MemSnoop.ProcFs;

namespace MemSnoop.Disturbances;

/// <summary>The generations of one memory control group on one node, at one moment.</summary>
/// <param name="Group">The kernel's number of the group.</param>
/// <param name="Node">The node of memory.</param>
/// <param name="Path">Where the group's path is in the listing.</param>
internal record struct NodeGenerations(ulong Group, int Node, (int Start, int Length) Path)
{
    /// <summary>More generations than the kernel has (4), so that a kernel with some more can still be read.</summary>
    internal const int MostGenerations = 8;

    private GenerationPages _pages;
    private GenerationAges _ages;
    private int _count;

    /// <summary>The number of the oldest generation that is listed.</summary>
    internal ulong Oldest { get; private set; }

    /// <summary>The number of the youngest generation.</summary>
    internal ulong Youngest { get; private set; }

    /// <summary>How long ago the youngest generation was opened, in milliseconds.</summary>
    internal ulong YoungestAge { get; private set; }

    /// <summary>Takes in the next generation; they come in the order of their numbers.</summary>
    internal void Add(in LruGen line)
    {
        Oldest = _count++ == 0 ? line.Generation : Oldest;
        Youngest = line.Generation;
        YoungestAge = line.AgeMilliseconds;
        int slot = (int)(line.Generation % MostGenerations);
        _pages[slot] = (line.Generation, ToPages(line.Anon), ToPages(line.File));
        _ages[slot] = line.AgeMilliseconds;
    }

    /// <summary>A generation by its number: how long ago it was opened in milliseconds, and its pages. False when it is not listed.</summary>
    internal readonly bool TryGet(ulong generation, out (ulong AgeMilliseconds, long Anon, long File) found)
    {
        int slot = (int)(generation % MostGenerations);
        found = (_ages[slot], _pages[slot].Anon, _pages[slot].File);
        return _count > 0 && generation >= Oldest && generation <= Youngest && _pages[slot].Number == generation;
    }

    /// <summary>The pages in generations of this number or higher. That is where everything is that was found accessed since the number was the highest.</summary>
    internal readonly HiddenPages From(ulong generation)
    {
        HiddenPages sum = default;
        foreach ((ulong number, long anon, long file) in _pages)
        {
            if (number >= generation)
            {
                sum = HiddenPages.Add(sum, new HiddenPages(anon, file, Disturbance.Aged));
            }
        }

        return sum with { Reason = Disturbance.Aged };
    }

    /// <summary>
    /// Whether no pages of generations before this number have come or gone. Eviction takes pages from the oldest, and puts none of those that it spares back there
    /// (<c>evict_folios</c>).
    /// </summary>
    internal readonly bool HasSameBefore(ulong generation, in NodeGenerations other)
    {
        for (int i = 0; i < MostGenerations; i++)
        {
            bool isOlder = _pages[i].Number < generation || other._pages[i].Number < generation;
            if (isOlder && _pages[i] != other._pages[i])
            {
                return false;
            }
        }

        return true;
    }

    private static long ToPages(ulong pages) => (long)Math.Min(pages, (ulong)HiddenPages.Unbounded);

    [InlineArray(MostGenerations)]
    private struct GenerationPages
    {
        private (ulong Number, long Anon, long File) _first;
    }

    [InlineArray(MostGenerations)]
    private struct GenerationAges
    {
        private ulong _first;
    }
}

/// <summary>What <c>lru_gen</c> said at one moment. Made once and read into again and again.</summary>
internal sealed class GenerationsListing
{
    private readonly KernelBuffer _buffer = new();
    private readonly List<NodeGenerations> _nodes = [];
    private int _length;

    /// <summary>Whether the file could be read and understood.</summary>
    internal bool IsKnown { get; private set; }

    internal ReadOnlySpan<NodeGenerations> Nodes => CollectionsMarshal.AsSpan(_nodes);

    internal ReadOnlySpan<byte> PathOf(in NodeGenerations node) => _buffer.Text(_length).Slice(node.Path.Start, node.Path.Length);

    /// <summary>Reads the file anew. Malformed if no line of it names a control group.</summary>
    internal ReadOutcome Read(KernelHandle file)
    {
        Clear();
        ReadOutcome outcome = KernelFile.ReadToEnd(file, _buffer, out ReadOnlySpan<byte> text);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        return Parse(text);
    }

    /// <summary>The text that was read.</summary>
    internal ReadOnlySpan<byte> Text => _buffer.Text(_length);

    /// <summary>Takes a text that was read elsewhere.</summary>
    internal void Take(ReadOnlySpan<byte> text)
    {
        Clear();
        for (int taken = 0; taken < text.Length;)
        {
            Span<byte> free = _buffer.Free(taken);
            int count = Math.Min(free.Length, text.Length - taken);
            text.Slice(taken, count).CopyTo(free);
            taken += count;
        }

        _ = Parse(_buffer.Text(text.Length));
    }

    private ReadOutcome Parse(ReadOnlySpan<byte> text)
    {
        _length = text.Length;
        LruGen line = new(text);
        while (line.MoveNext())
        {
            if (_nodes.Count == 0 || _nodes[^1].Group != line.Group || _nodes[^1].Node != line.Node || _nodes[^1].Path.Start != line.PathStart)
            {
                _nodes.Add(new NodeGenerations(line.Group, line.Node, (line.PathStart, line.PathLength)));
            }

            CollectionsMarshal.AsSpan(_nodes)[^1].Add(line);
        }

        IsKnown = line.HasGroups;
        return IsKnown ? ReadOutcome.Success : ReadOutcome.Malformed;
    }

    internal void Clear()
    {
        IsKnown = false;
        _nodes.Clear();
        _length = 0;
    }

    /// <summary>
    /// Finds a node of another listing in this one. The kernel lists groups in the order of their tree, so the search goes on from where the last one ended, and
    /// takes one step unless groups have come or gone.
    /// </summary>
    internal int Find(GenerationsListing other, in NodeGenerations sought, int from)
    {
        ReadOnlySpan<NodeGenerations> nodes = Nodes;
        ReadOnlySpan<byte> path = other.PathOf(sought);
        for (int step = 0; step < nodes.Length; step++)
        {
            int at = from + step < nodes.Length ? from + step : from + step - nodes.Length;
            ref readonly NodeGenerations node = ref nodes[at];
            if (node.Group == sought.Group && node.Node == sought.Node && PathOf(node).SequenceEqual(path))
            {
                return at;
            }
        }

        return -1;
    }
}
