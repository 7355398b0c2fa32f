namespace MemSnoop.ProcFs;

/// <summary>
/// Parses <c>/proc/PID/smaps</c> as it streams in, line by line: a process of 100,000 areas makes 100 MB of it, too much to hold.
/// One parser reads one file after another, with <see cref="Reset"/> in between, and allocates nothing once its path buffers are large enough.
/// </summary>
/// <remarks>
/// An area is a <see cref="MapsEntry"/> line and some two dozen value lines. Only the next area's header shows that one has ended:
/// <code>
/// 00402000-00407000 r-xp 00002000 fe:00 247270                     /usr/bin/sleep
/// Size:                 20 kB
/// Rss:                  20 kB
/// …
/// Locked:                0 kB
/// VmFlags: rd ex mr mw me
/// </code>
/// See <see href="https://man7.org/linux/man-pages/man5/proc_pid_smaps.5.html">proc_pid_smaps(5)</see>.
/// </remarks>
/// <example>
/// <code>
/// if (parser.Accept(line)) { total += parser.Area.Sums; }   // for each line
/// if (parser.Complete()) { total += parser.Area.Sums; }     // the last area
/// bool isTrustworthy = !parser.IsMalformed;
/// </code>
/// </example>
public sealed class SmapsParser
{
    // PATH_MAX; longer only when a path's newlines are escaped to four bytes each, and then the buffer grows once.
    private const int InitialPathBytes = 4096;

    // Two buffers that are swapped: the finished area's path must stay readable while the next area's is already known.
    private byte[] _openPath = new byte[InitialPathBytes];
    private byte[] _finishedPath = new byte[InitialPathBytes];
    private Header _open;
    private Header _finished;
    private SmapsTally _tally;
    private SmapsSums _finishedSums;
    private bool _hasOpen;

    /// <summary>
    /// Whether the text was not an smaps file, or one cut short: a value before any header, a line that is neither, or an area without its
    /// <c>Rss:</c> and <c>Locked:</c> lines (the first and the last of its sizes). Stays so until <see cref="Reset"/>; no more areas are finished.
    /// </summary>
    public bool IsMalformed { get; private set; }

    /// <summary>The area that <see cref="Accept"/> or <see cref="Complete"/> has just finished; its path is valid until the next call.</summary>
    public SmapsArea Area => new()
    {
        Entry = new MapsEntry
        {
            Start = _finished.Start,
            End = _finished.End,
            Permissions = _finished.Permissions,
            Offset = _finished.Offset,
            DeviceMajor = _finished.DeviceMajor,
            DeviceMinor = _finished.DeviceMinor,
            Inode = _finished.Inode,
            Path = _finishedPath.AsSpan(0, _finished.PathLength),
        },
        Sums = _finishedSums,
    };

    /// <summary>
    /// Takes the next line, with or without its newline; an empty one is passed over. True when it is the header that shows the area before it
    /// to be finished, which is then <see cref="Area"/>.
    /// </summary>
    public bool Accept(ReadOnlySpan<byte> line)
    {
        if (line.EndsWith((byte)'\n'))
        {
            line = line[..^1];
        }

        if (IsMalformed || line.IsEmpty)
        {
            return false;
        }

        if (SmapsTally.TrySplit(line, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> text))
        {
            IsMalformed = !_hasOpen || !_tally.TryTake(key, text);
            return false;
        }

        if (!MapsEntry.TryParse(line, out MapsEntry header))
        {
            IsMalformed = true;
            return false;
        }

        bool isFinished = Complete();
        if (!IsMalformed)
        {
            Open(header);
        }

        return isFinished;
    }

    /// <summary>Ends the file. True when that finishes an area, which is then <see cref="Area"/>; false for an empty file.</summary>
    public bool Complete()
    {
        if (!_hasOpen || IsMalformed)
        {
            return false;
        }

        _hasOpen = false;
        if (!_tally.IsComplete)
        {
            IsMalformed = true;
            return false;
        }

        _finished = _open;
        _finishedSums = _tally.Sums;
        (_finishedPath, _openPath) = (_openPath, _finishedPath);
        return true;
    }

    /// <summary>Forgets everything but the buffers, ready for another file.</summary>
    public void Reset()
    {
        _hasOpen = false;
        IsMalformed = false;
        _finished = default;
        _finishedSums = default;
    }

    private void Open(MapsEntry header)
    {
        if (_openPath.Length < header.Path.Length)
        {
            _openPath = new byte[header.Path.Length];
        }

        header.Path.CopyTo(_openPath);
        _open = new Header(
            header.Start, header.End, header.Permissions, header.Offset, header.DeviceMajor, header.DeviceMinor, header.Inode, header.Path.Length);
        _tally = default;
        _hasOpen = true;
    }

    private readonly record struct Header(
        ulong Start, ulong End, AreaPermissions Permissions, ulong Offset, uint DeviceMajor, uint DeviceMinor, ulong Inode, int PathLength);
}

/// <summary>One memory area with its sizes, as smaps lists it. Belongs to the <see cref="SmapsParser"/> that it came from.</summary>
public readonly ref struct SmapsArea
{
    /// <summary>The area's line of maps. Its path is valid until the parser takes its next line.</summary>
    public MapsEntry Entry { get; init; }

    /// <summary>The area's sizes, in KiB.</summary>
    public SmapsSums Sums { get; init; }
}
