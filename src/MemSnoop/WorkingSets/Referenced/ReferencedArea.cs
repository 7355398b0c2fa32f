using MemSnoop.ProcFs;

namespace MemSnoop.WorkingSets.Referenced;

/// <summary>
/// What is remembered of one area of a process. Only its idle bytes are known, not which pages they are, so the ages are those of the area. They begin anew when
/// it is not the same area any more: at its address is another file, or it is shorter, or an area of its length has vanished at the same time and may have
/// been moved here.
/// </summary>
/// <remarks>64 bytes, and there are some 34 for each process.</remarks>
internal struct ReferencedArea
{
    private ulong _end;
    private ulong _idle;
    private IdleStaircase _staircase;
    private uint _hugeKib;

    // Of device, inode and offset, by a hash that no process can foresee; 0 for memory of no file.
    private int _file;

    /// <summary>Its first address.</summary>
    internal ulong Start { get; private set; }

    /// <summary>Its length in bytes.</summary>
    internal readonly ulong Length => _end - Start;

    /// <summary>Whether it maps no file: such memory can be moved by mremap(2) without a trace.</summary>
    internal readonly bool IsAnonymous => _file == 0;

    /// <summary>Takes it as it is at the end of a window, and tells by how many KiB its huge pages have grown.</summary>
    internal ulong Take(in MapsEntry entry, ulong idleBytes, ulong hugeKib, bool isKnown)
    {
        int file = entry.Inode == 0 ? 0 : HashCode.Combine(entry.DeviceMajor, entry.DeviceMinor, entry.Inode, entry.Offset) | 1;
        if (!isKnown || _file != file || entry.End < _end)
        {
            _staircase.Clear();
        }

        ulong grown = !isKnown || hugeKib <= _hugeKib ? 0 : hugeKib - _hugeKib;
        (Start, _end, _file, _idle, _hugeKib) = (entry.Start, entry.End, file, idleBytes, (uint)Math.Min(hugeKib, uint.MaxValue));
        return grown;
    }

    /// <summary>Begins its ages anew: its memory may have come from elsewhere.</summary>
    internal void Restart() => _staircase.Clear();

    /// <summary>Adds the window that began at <paramref name="start"/>, and adds the idle bytes to the ages that they have reached now.</summary>
    internal void Count(TimeSpan start, TimeSpan now, IdleAges ages, ref IdleBytes bands)
    {
        _staircase.Add(start, _idle);
        _staircase.Count(now, ages, ref bands);
    }
}
