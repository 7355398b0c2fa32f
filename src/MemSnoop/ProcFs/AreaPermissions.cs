namespace MemSnoop.ProcFs;

/// <summary>What a process may do with a memory area, and whether it shares what it writes there: the <c>rwxp</c> column of maps.</summary>
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
