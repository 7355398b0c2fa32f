using MemSnoop.ProcFs;

namespace MemSnoop.WorkingSets.Referenced;

/// <summary>
/// What is remembered of one area of a process. Only its idle bytes are known, not which pages they are, so the ages are those of the area. They begin anew when
/// it is not the same area any more: at its address is another file, or it is shorter, or an area of its length has vanished at the same time and may have
/// been moved here.
/// </summary>
internal sealed class ReferencedArea
{
    private readonly IdleStaircase _staircase = new();
    private ulong _start;
    private ulong _end;
    private ulong _offset;
    private ulong _device;
    private ulong _inode;
    private ulong _idle;
    private bool _isNew = true;

    /// <summary>The round in which the area was last seen.</summary>
    internal long Round { get; private set; }

    /// <summary>Its length in bytes.</summary>
    internal ulong Length => _end - _start;

    /// <summary>Whether it maps no file: such memory can be moved by mremap(2) without a trace.</summary>
    internal bool IsAnonymous => _inode == 0;

    /// <summary>Its huge pages, in KiB.</summary>
    internal ulong HugeKib { get; private set; }

    /// <summary>Takes it as it is at the end of a window, and tells by how many KiB its huge pages have grown.</summary>
    internal ulong Take(in MapsEntry entry, ulong idleBytes, ulong hugeKib, long round)
    {
        ulong device = ((ulong)entry.DeviceMajor << 32) | entry.DeviceMinor;
        bool isSame = !_isNew && _inode == entry.Inode && _device == device && _offset == entry.Offset && entry.End >= _end;
        if (!isSame)
        {
            _staircase.Clear();
        }

        ulong grown = _isNew || hugeKib <= HugeKib ? 0 : hugeKib - HugeKib;
        (_start, _end, _offset, _device, _inode, _idle, HugeKib, Round) = (entry.Start, entry.End, entry.Offset, device, entry.Inode, idleBytes, hugeKib, round);
        _isNew = false;
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
