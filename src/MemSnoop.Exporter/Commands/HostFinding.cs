namespace MemSnoop.Exporter.Commands;

/// <summary>One line of <c>memsnoop check</c>.</summary>
/// <param name="State"><c>ok</c>, <c>limited</c> (works in part) or <c>missing</c>.</param>
/// <param name="Topic">What was looked at.</param>
/// <param name="Reason">One word for programs.</param>
/// <param name="Detail">What was found.</param>
/// <param name="Advice">What to do about it; empty when there is nothing to do.</param>
internal readonly record struct HostFinding(string State, string Topic, string Reason, string Detail, string Advice = "")
{
    internal const string Ok = "ok";
    internal const string Limited = "limited";
    internal const string Missing = "missing";
}
