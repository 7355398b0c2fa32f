namespace MemSnoop.Metrics.Checks;

/// <summary>One line of <c>memsnoop check</c>.</summary>
/// <param name="State"><c>ok</c>, <c>limited</c> (works in part), <c>missing</c> or <c>absent</c> (missing, and nothing that is switched on needs it).</param>
/// <param name="Topic">What was looked at.</param>
/// <param name="Reason">One word for programs.</param>
/// <param name="Detail">What was found.</param>
/// <param name="Advice">What to do about it; empty when there is nothing to do.</param>
internal readonly record struct HostFinding(string State, string Topic, string Reason, string Detail, string Advice = "")
{
    internal const string Ok = "ok";
    internal const string Limited = "limited";
    internal const string Missing = "missing";
    internal const string Absent = "absent";

    /// <summary>The method by which working sets would be measured, when the finding is about that one.</summary>
    internal string? MethodInUse { get; init; }

    /// <summary>What does not work here: missing if something that is switched on needs it, else absent.</summary>
    internal static HostFinding Lacking(bool isNeeded, string topic, string reason, string detail, string advice) => new(isNeeded ? Missing : Absent, topic, reason, detail, advice);

    internal static HostFinding Fine(string topic, string detail) => new(Ok, topic, "ok", detail);
}
