namespace MemSnoop.WorkingSets.Damon;

/// <summary>Whose the kdamonds are that are set up on a host (<c>/sys/kernel/mm/damon/admin/kdamonds</c>).</summary>
internal enum KdamondOwner
{
    /// <summary>None is set up.</summary>
    Nobody,

    /// <summary>One is, by this program: a running one, or one that was killed. The lock on accessed bits tells which.</summary>
    MemSnoop,

    /// <summary>Another program's. It is never touched.</summary>
    Stranger,

    /// <summary>This host, or these rights, do not show it.</summary>
    Unknown,
}
