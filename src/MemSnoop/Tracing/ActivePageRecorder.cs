using System.Text;
using MemSnoop.Paging;
using MemSnoop.ProcFs;

namespace MemSnoop.Tracing;

/// <summary>Gathers what a walk over one process reports. Areas that stay the same cost nothing from sample to sample.</summary>
internal sealed class ActivePageRecorder : IActivePages
{
    private readonly PageRangeSet.Builder _pages = new();
    private readonly List<TracedArea> _areas = [];
    private TracedArea[] _last = [];
    private ulong _end;

    public void Begin()
    {
        _areas.Clear();
        _pages.Clear();
        _end = 0;
    }

    public void AddArea(in MapsEntry area)
    {
        // Mostly the area that was in this place the last time, so that its name need not be made again.
        if (_areas.Count < _last.Length && IsSame(_last[_areas.Count], area))
        {
            _areas.Add(_last[_areas.Count]);
            return;
        }

        _areas.Add(new TracedArea(area.Start, area.End, area.Permissions, Encoding.UTF8.GetString(area.Path)));
    }

    public void AddActive(ulong firstPage, int count)
    {
        // An area that grew downwards while maps was read is listed again, and its pages come twice.
        ulong end = firstPage + (ulong)count;
        ulong first = Math.Max(firstPage, _end);
        if (first < end)
        {
            _pages.Add(first, end - first);
            _end = end;
        }
    }

    internal PageSample ToSample(TimeSpan offset, TimeSpan window)
    {
        if (!System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_areas).SequenceEqual(_last))
        {
            _last = [.. _areas];
        }

        return new PageSample(offset, window, _last, _pages.Build());
    }

    private static bool IsSame(in TracedArea last, in MapsEntry area) =>
        last.Start == area.Start
        && last.End == area.End
        && last.Permissions == area.Permissions
        && Encoding.UTF8.GetByteCount(last.Name) == area.Path.Length
        && IsText(last.Name, area.Path);

    private static bool IsText(string text, ReadOnlySpan<byte> bytes)
    {
        // A longer path is made anew each time; few are.
        Span<byte> encoded = stackalloc byte[512];
        return Encoding.UTF8.TryGetBytes(text, encoded, out int length) && bytes.SequenceEqual(encoded[..length]);
    }
}
