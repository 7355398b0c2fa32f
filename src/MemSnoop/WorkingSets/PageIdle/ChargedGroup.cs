using System.Numerics;
using System.Runtime.CompilerServices;
using MemSnoop.Disturbances;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>The frames that a pass found charged to one control group.</summary>
internal sealed class ChargedGroup
{
    private PagesByKind _inPart;
    private long _unmappedShmemInPart;
    private PagesByKind _heldBefore;
    private PagesByKind _usedBefore;

    /// <summary>Pages held, used, and of which it is not known whether they were used.</summary>
    internal PagesByKind Held;
    internal PagesByKind Used;
    internal PagesByKind Doubtful;

    /// <summary>Idle pages by how many of the ages they have reached, for each kind.</summary>
    internal PagesByAge Idle;

    /// <summary>The inode number of the group's directory.</summary>
    internal ulong Inode { get; private set; }

    /// <summary>The container in which the group lies.</summary>
    internal string Container { get; private set; } = "";

    /// <summary>Why some are doubtful.</summary>
    internal Disturbance Disturbance { get; private set; }

    /// <summary>Begins to count for a group.</summary>
    internal void Begin(ulong inode, string container)
    {
        (Inode, Container, Disturbance) = (inode, container, Disturbance.None);
        (Held, Used, Doubtful, _inPart) = (default, default, default, default);
        (_heldBefore, _usedBefore) = (default, default);
        Idle = default;
        _unmappedShmemInPart = 0;
    }

    /// <summary>Counts frames of one word and kind.</summary>
    /// <param name="block">Their block.</param>
    /// <param name="word">Their word in it.</param>
    /// <param name="kind">What they hold.</param>
    /// <param name="frames">Which they are.</param>
    /// <param name="mapped">Those that some process maps.</param>
    /// <param name="reached">How many ages a page has reached, by the number of the pass that last saw it used.</param>
    internal void Count(FrameBlock block, int word, ChargedKind kind, ulong frames, ulong mapped, ReadOnlySpan<byte> reached)
    {
        ulong known = block.Idle[word] & frames;
        ulong idle = known & block.Marked[word];

        // What was not marked only because its process is new to a walk is new: the pass before has marked all that was charged to the group then.
        ulong doubtful = block.DoubtReason == Disturbance.Unmarked ? 0 : block.DoubtfulIn(word) & frames & ~known;
        Held[(int)kind] += BitOperations.PopCount(frames);
        Used[(int)kind] += BitOperations.PopCount(frames & ~known & ~doubtful);
        if (doubtful != 0)
        {
            AddDoubt(kind, BitOperations.PopCount(doubtful), block.DoubtReason);
        }

        if (idle == 0)
        {
            return;
        }

        int pages = BitOperations.PopCount(idle);
        _inPart[(int)kind] += pages;
        _unmappedShmemInPart += kind == ChargedKind.Shmem ? BitOperations.PopCount(idle & ~mapped) : 0;
        Span<long> ages = Idle.Of(kind);
        ReadOnlySpan<byte> epochs = block.Ages.AsSpan(word * 64, 64);
        byte first = epochs[BitOperations.TrailingZeroCount(idle)];

        // What has been idle for long is so in long runs.
        if (epochs.IndexOfAnyExcept(first) < 0)
        {
            ages[reached[first]] += pages;
            return;
        }

        for (; idle != 0; idle &= idle - 1)
        {
            ages[reached[epochs[BitOperations.TrailingZeroCount(idle)]]]++;
        }
    }

    /// <summary>What was counted since the unit before.</summary>
    internal (PagesByKind Held, PagesByKind Used) TakeUnit()
    {
        PagesByKind held = Held;
        PagesByKind used = Used;
        held.Subtract(_heldBefore);
        used.Subtract(_usedBefore);
        (_heldBefore, _usedBefore) = (Held, Used);
        return (held, used);
    }

    /// <summary>Adds idle pages of this part of the pass that may have been used all the same.</summary>
    /// <param name="report">What happened to accessed bits.</param>
    /// <param name="fraction">Which share of memory was looked at: as much of what may be hidden lies in it.</param>
    internal void EndPart(DisturbanceReport report, double fraction)
    {
        HiddenPages hidden = HiddenPages.Add(report.In(Inode), report.Everywhere);
        for (int kind = 0; kind < ChargedKinds.Count; kind++)
        {
            bool isOfFiles = kind is (int)ChargedKind.File or (int)ChargedKind.Cache;
            AddDoubt((ChargedKind)kind, Math.Min(_inPart[kind], (long)Math.Ceiling((isOfFiles ? hidden.File : hidden.Anon) * fraction)), hidden.Reason);
        }

        if (report.FileReadsAreHidden)
        {
            AddDoubt(ChargedKind.Cache, _inPart[(int)ChargedKind.Cache], Disturbance.FileRead);
            AddDoubt(ChargedKind.Shmem, _unmappedShmemInPart, Disturbance.FileRead);
        }

        _inPart = default;
        _unmappedShmemInPart = 0;
    }

    private void AddDoubt(ChargedKind kind, long pages, Disturbance reason)
    {
        if (pages > 0)
        {
            Doubtful[(int)kind] += pages;
            Disturbance = reason > Disturbance ? reason : Disturbance;
        }
    }
}

/// <summary>A number of pages for each <see cref="ChargedKind"/>.</summary>
[InlineArray(ChargedKinds.Count)]
internal struct PagesByKind
{
    private long _first;

    /// <summary>All kinds together.</summary>
    internal readonly long Total => this[0] + this[1] + this[2] + this[3];

    internal void Add(in PagesByKind other)
    {
        for (int kind = 0; kind < ChargedKinds.Count; kind++)
        {
            this[kind] += other[kind];
        }
    }

    internal void Subtract(in PagesByKind other)
    {
        for (int kind = 0; kind < ChargedKinds.Count; kind++)
        {
            this[kind] -= other[kind];
        }
    }

    internal void Scale(double weight)
    {
        for (int kind = 0; kind < ChargedKinds.Count; kind++)
        {
            this[kind] = (long)Math.Round(this[kind] * weight);
        }
    }
}

/// <summary>For each <see cref="ChargedKind"/> a number of pages by how many ages they have reached, from none to all.</summary>
[InlineArray(ChargedKinds.Count * Stride)]
internal struct PagesByAge
{
    private const int Stride = IdleAges.MaxCount + 1;

    private long _first;

    /// <summary>The numbers of one kind.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    internal Span<long> Of(ChargedKind kind) => ((Span<long>)this).Slice((int)kind * Stride, Stride);

    internal void Scale(double weight)
    {
        for (int i = 0; i < ChargedKinds.Count * Stride; i++)
        {
            this[i] = (long)Math.Round(this[i] * weight);
        }
    }

    internal void Add(in PagesByAge other)
    {
        for (int i = 0; i < ChargedKinds.Count * Stride; i++)
        {
            this[i] += other[i];
        }
    }
}
