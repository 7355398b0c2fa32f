namespace MemSnoop.Tracing;

/// <summary>Why a trace ended.</summary>
public enum TraceEnd
{
    /// <summary>All samples that were asked for are taken, or the time is up.</summary>
    Completed,

    /// <summary>The process has ended.</summary>
    Exited,

    /// <summary>The caller asked for it to end.</summary>
    Cancelled,
}
