namespace MemSnoop.WorkingSets.Generations;

/// <summary>How the kernel answered the command to age a control group on a node.</summary>
internal enum AgingOutcome
{
    /// <summary>It was aged. Before Linux 6.14 also the answer if the kernel has aged it itself since it was looked at.</summary>
    Aged,

    /// <summary>The group was removed (EINVAL).</summary>
    Gone,

    /// <summary>Somebody else ages it at this moment (EEXIST, since Linux 6.14).</summary>
    Busy,

    /// <summary>The kernel denied it.</summary>
    Denied,

    /// <summary>Any other error.</summary>
    Failed,
}

/// <summary>The words for outcomes in metrics.</summary>
internal static class AgingOutcomes
{
    /// <summary>The outcome as the value of a <c>reason</c> attribute.</summary>
    internal static string ToReason(this AgingOutcome outcome) => outcome switch
    {
        AgingOutcome.Aged => "ok",
        AgingOutcome.Gone => "gone",
        AgingOutcome.Busy => "busy",
        AgingOutcome.Denied => "denied",
        _ => "failed",
    };

    /// <summary>Whether the next one will fare no better: it is the host that refuses, and not one group.</summary>
    internal static bool IsOfHost(this AgingOutcome outcome) => outcome is AgingOutcome.Denied or AgingOutcome.Failed;
}
