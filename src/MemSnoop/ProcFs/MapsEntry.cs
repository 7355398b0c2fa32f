using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>One memory area: a line of <c>/proc/PID/maps</c>, which is also the header of an area in smaps and of smaps_rollup.</summary>
/// <remarks>
/// <code>00402000-00407000 r-xp 00002000 fe:00 247270                     /usr/bin/sleep</code>
/// Addresses, offset and device numbers are hexadecimal. On x86-64 addresses go up to <c>ffffffffff601000</c> ([vsyscall]).
/// See <see href="https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html">proc_pid_maps(5)</see>.
/// </remarks>
public readonly ref struct MapsEntry
{
    /// <summary>The address of the area's first byte.</summary>
    public ulong Start { get; init; }

    /// <summary>The address after the area's last byte.</summary>
    public ulong End { get; init; }

    /// <summary>The permissions of the area.</summary>
    public AreaPermissions Permissions { get; init; }

    /// <summary>Offset of the area in its file, in bytes; 0 without a file.</summary>
    public ulong Offset { get; init; }

    /// <summary>The major number of the device that holds the file; 0 where there is no file.</summary>
    public uint DeviceMajor { get; init; }

    /// <summary>The minor number of the device that holds the file.</summary>
    public uint DeviceMinor { get; init; }

    /// <summary>The file's inode; 0 where there is no file.</summary>
    public ulong Inode { get; init; }

    /// <summary>
    /// The file's path, or what the kernel calls the area (<c>[heap]</c>, <c>[anon:name]</c>), or nothing. It may contain blanks, and ends in
    /// <c> (deleted)</c> for a file that is gone; a newline in a path is printed as <c>\012</c>. It is a part of the line that was parsed.
    /// </summary>
    public ReadOnlySpan<byte> Path { get; init; }

    /// <summary>
    /// Parses one line, with or without its newline. False when it is malformed, or when it ends within or right after an inode other than 0:
    /// a mapped file has a path, so such a line was cut short.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> line, out MapsEntry value)
    {
        value = default;
        Utf8Cursor cursor = new(line.EndsWith((byte)'\n') ? line[..^1] : line);
        if (!cursor.TryReadHex(out ulong start)
            || !cursor.TrySkip((byte)'-')
            || !cursor.TryReadHex(out ulong end)
            || end < start
            || !cursor.TrySkip((byte)' ')
            || !TryReadPermissions(ref cursor, out AreaPermissions permissions)
            || !cursor.TryReadHex(out ulong offset)
            || !cursor.TrySkip((byte)' ')
            || !cursor.TryReadHex(out uint major)
            || !cursor.TrySkip((byte)':')
            || !cursor.TryReadHex(out uint minor)
            || !cursor.TrySkip((byte)' ')
            || !cursor.TryReadUInt64(out ulong inode))
        {
            return false;
        }

        bool isWhole = cursor.IsAtEnd ? inode == 0 : cursor.TrySkip((byte)' ');
        if (!isWhole)
        {
            return false;
        }

        // The kernel pads the path to a column. Trimming takes nothing away from it: a path starts with a slash, other names with a bracket.
        cursor.SkipBlanks();
        value = new MapsEntry
        {
            Start = start,
            End = end,
            Permissions = permissions,
            Offset = offset,
            DeviceMajor = major,
            DeviceMinor = minor,
            Inode = inode,
            Path = cursor.Rest,
        };
        return true;
    }

    private static bool TryReadPermissions(ref Utf8Cursor cursor, out AreaPermissions permissions)
    {
        permissions = AreaPermissions.None;
        return cursor.TryReadUntil((byte)' ', out ReadOnlySpan<byte> letters)
            && letters.Length == 4
            && TryReadLetter(letters[0], (byte)'r', (byte)'-', AreaPermissions.Read, ref permissions)
            && TryReadLetter(letters[1], (byte)'w', (byte)'-', AreaPermissions.Write, ref permissions)
            && TryReadLetter(letters[2], (byte)'x', (byte)'-', AreaPermissions.Execute, ref permissions)
            && TryReadLetter(letters[3], (byte)'s', (byte)'p', AreaPermissions.Shared, ref permissions);
    }

    private static bool TryReadLetter(byte letter, byte set, byte clear, AreaPermissions flag, ref AreaPermissions permissions)
    {
        if (letter == set)
        {
            permissions |= flag;
        }

        return letter == set || letter == clear;
    }
}

/// <summary>The permissions of an area, and whether writes are shared: the <c>rwxp</c> column of maps.</summary>
[Flags]
public enum AreaPermissions
{
    /// <summary>No access, private: <c>---p</c>, as guard areas and bare reservations have it.</summary>
    None = 0,

    /// <summary><c>r</c>: may be read.</summary>
    Read = 1,

    /// <summary><c>w</c>: may be written.</summary>
    Write = 2,

    /// <summary><c>x</c>: may be executed.</summary>
    Execute = 4,

    /// <summary><c>s</c>: others see what is written here; without it (<c>p</c>) a write makes a private copy.</summary>
    Shared = 8,
}
