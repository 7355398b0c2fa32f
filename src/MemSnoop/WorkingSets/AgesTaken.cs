namespace MemSnoop.WorkingSets;

/// <summary>Whether the ages of pages go on that the exporter before knew, or why not.</summary>
internal enum AgesOutcome
{
    /// <summary>They go on.</summary>
    Continued,

    /// <summary>None were left: the exporter before did not end in an orderly way, was in the middle of a pass, or another program took accessed bits since.</summary>
    None,

    /// <summary>They were left too long ago.</summary>
    Old,

    /// <summary>They were left before the host was started.</summary>
    OtherBoot,

    /// <summary>They were left by a version that writes them in another way.</summary>
    OtherVersion,

    /// <summary>They were left with other areas, or another size of pages.</summary>
    OtherConfiguration,

    /// <summary>Something took accessed bits since, so that every page may have been used unseen.</summary>
    Disturbed,

    /// <summary>The file is not one that an exporter has left.</summary>
    Damaged,
}

/// <summary>What an exporter has taken up of what the one before has left.</summary>
/// <param name="Outcome">Whether ages go on.</param>
/// <param name="Gap">The time since they were left.</param>
/// <param name="Processes">The number of processes.</param>
/// <param name="Bytes">Memory whose ages go on.</param>
/// <param name="LeftOutBytes">Memory that was known to be idle, and whose ages begin anew, since the file would have become too long, or taken too long to write.</param>
/// <param name="Share">The share of memory that was measured, whose ages go on.</param>
internal readonly record struct AgesTaken(AgesOutcome Outcome, TimeSpan Gap = default, int Processes = 0, long Bytes = 0, long LeftOutBytes = 0, double Share = 1)
{
    internal bool AreContinued => Outcome == AgesOutcome.Continued;
}

/// <summary>What an exporter has left to the next.</summary>
/// <param name="Path">The file.</param>
/// <param name="Reason">Why there is none, for people; null if there is one.</param>
/// <param name="Processes">The number of processes.</param>
/// <param name="FileBytes">The length of the file.</param>
internal readonly record struct AgesLeft(string? Path, string? Reason, int Processes = 0, long FileBytes = 0);

/// <summary>The words for the outcome in metrics and logs.</summary>
internal static class AgesOutcomes
{
    /// <summary>The outcome as the value of an attribute.</summary>
    internal static string ToWord(this AgesOutcome outcome) => outcome switch
    {
        AgesOutcome.Continued => "continued",
        AgesOutcome.None => "none",
        AgesOutcome.Old => "old",
        AgesOutcome.OtherBoot => "other_boot",
        AgesOutcome.OtherVersion => "other_version",
        AgesOutcome.OtherConfiguration => "other_configuration",
        AgesOutcome.Disturbed => "disturbed",
        _ => "damaged",
    };
}
