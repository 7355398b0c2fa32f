namespace MemSnoop.ProcFs;

/// <summary>One memory area with its sizes, as smaps lists it. Belongs to the <see cref="SmapsParser"/> that it came from.</summary>
public readonly ref struct SmapsArea
{
    /// <summary>The address of the area's first byte.</summary>
    public ulong Start { get; init; }

    /// <summary>The address after the area's last byte.</summary>
    public ulong End { get; init; }

    /// <summary>What may be done with the area.</summary>
    public AreaPermissions Permissions { get; init; }

    /// <summary>The major number of the device that holds the mapped file; 0 where there is no file.</summary>
    public uint DeviceMajor { get; init; }

    /// <summary>The minor number of the device that holds the mapped file.</summary>
    public uint DeviceMinor { get; init; }

    /// <summary>The mapped file's inode; 0 where there is no file.</summary>
    public ulong Inode { get; init; }

    /// <summary>The area's sizes, in KiB.</summary>
    public SmapsSums Sums { get; init; }

    /// <summary>The path or name, as in <see cref="MapsEntry.Path"/>. Valid until the parser takes its next line.</summary>
    public ReadOnlySpan<byte> Path { get; init; }
}
