using System.Runtime.InteropServices;
using MemSnoop.ProcFs;

namespace MemSnoop.WorkingSets.Referenced;

/// <summary>
/// Joins the areas of a process, as smaps lists them by address, with those of the window before. One serves all processes: it is in use only while one of them is
/// read, and each keeps no more than an array of its areas.
/// </summary>
internal sealed class AreaMerge
{
    private readonly List<ReferencedArea> _areas = [];
    private readonly HashSet<ulong> _vanishedLengths = [];
    private ReferencedArea[] _before = [];
    private int _next;

    /// <summary>Begins with the areas of the window before.</summary>
    internal void Begin(ReferencedArea[] before)
    {
        _areas.Clear();
        _vanishedLengths.Clear();
        _before = before;
        _next = 0;
    }

    /// <summary>Takes the next area, and tells by how many KiB its huge pages have grown.</summary>
    internal ulong Take(in MapsEntry entry, ulong idleBytes, ulong hugeKib)
    {
        VanishUntil(entry.Start);
        bool isKnown = _next < _before.Length && _before[_next].Start == entry.Start;
        ReferencedArea area = isKnown ? _before[_next++] : default;
        ulong grown = area.Take(entry, idleBytes, hugeKib, isKnown);
        _areas.Add(area);
        return grown;
    }

    /// <summary>Adds the window to the ages of all areas and their idle bytes to the bands, and returns what to keep of them.</summary>
    internal ReferencedArea[] End(TimeSpan start, TimeSpan now, IdleAges ages, ref IdleBytes bands)
    {
        VanishUntil(ulong.MaxValue);
        Span<ReferencedArea> areas = CollectionsMarshal.AsSpan(_areas);
        foreach (ref ReferencedArea area in areas)
        {
            if (area.IsAnonymous && _vanishedLengths.Contains(area.Length))
            {
                area.Restart();
            }

            area.Count(start, now, ages, ref bands);
        }

        ReferencedArea[] kept = _before.Length == areas.Length ? _before : new ReferencedArea[areas.Length];
        areas.CopyTo(kept);
        _before = [];

        // A process with very many areas must not make this large for good.
        if (_areas.Capacity > 4096)
        {
            _areas.Clear();
            _areas.TrimExcess();
        }

        return kept;
    }

    private void VanishUntil(ulong address)
    {
        for (; _next < _before.Length && _before[_next].Start < address; _next++)
        {
            if (_before[_next].IsAnonymous)
            {
                _vanishedLengths.Add(_before[_next].Length);
            }
        }
    }
}
