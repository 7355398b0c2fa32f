using System.Text;
using MemSnoop.Paging;
using MemSnoop.ProcFs;

namespace MemSnoop.WorkingSets;

/// <summary>What a process holds in its areas and has used of it within a window, summed up by the names of the areas: heap, stack, each mapped file, and the rest.</summary>
/// <param name="pageBytes">Size of a page.</param>
internal sealed class AreaUses(ulong pageBytes) : IActivePages
{
    private readonly List<(ulong Start, ulong End, string Name)> _areas = [];
    private readonly Dictionary<string, (ulong Held, ulong Used)> _byName = new(StringComparer.Ordinal);
    private int _at;
    private ulong _seen;

    /// <summary>The areas that hold something, those that hold most first.</summary>
    internal IReadOnlyList<AreaUse> All =>
    [
        .. _byName.Where(static area => area.Value is not (0, 0)).Select(static area => new AreaUse(area.Key, area.Value.Held, area.Value.Used))
            .OrderByDescending(static area => area.HeldBytes).ThenBy(static area => area.Name, StringComparer.Ordinal),
    ];

    /// <summary>Forgets all: a window ends.</summary>
    public void Begin()
    {
        _areas.Clear();
        _byName.Clear();
        _at = 0;
        _seen = 0;
    }

    /// <summary>Adds what an area holds and what of it was used.</summary>
    internal void Add(in MapsEntry area, ulong heldBytes, ulong usedBytes) => Add(NameOf(area), heldBytes, usedBytes);

    /// <inheritdoc/>
    public void AddArea(in MapsEntry area) => _areas.Add((area.Start, area.End, NameOf(area)));

    /// <inheritdoc/>
    public void AddActive(ulong firstPage, int count)
    {
        // An area that grew downwards while maps was read is listed again, and its pages come twice.
        ulong end = firstPage + (ulong)count;
        ulong first = Math.Max(firstPage, _seen);
        if (first >= end)
        {
            return;
        }

        _seen = end;
        while (_at < _areas.Count && _areas[_at].End <= first * pageBytes)
        {
            _at++;
        }

        if (_at < _areas.Count)
        {
            Add(_areas[_at].Name, 0, (end - first) * pageBytes);
        }
    }

    private void Add(string name, ulong heldBytes, ulong usedBytes)
    {
        (ulong held, ulong used) = _byName.GetValueOrDefault(name);
        _byName[name] = (held + heldBytes, used + usedBytes);
    }

    private static string NameOf(in MapsEntry area) => area.Path.IsEmpty ? "anonymous" : Encoding.UTF8.GetString(area.Path);
}

/// <summary>What a process holds in the areas of one name, and has used of it.</summary>
/// <param name="Name">The path of a mapped file, the kernel's name of the area such as <c>[heap]</c>, or <c>anonymous</c>.</param>
/// <param name="HeldBytes">Resident at the end of the window.</param>
/// <param name="UsedBytes">Accessed within it.</param>
internal readonly record struct AreaUse(string Name, ulong HeldBytes, ulong UsedBytes);
