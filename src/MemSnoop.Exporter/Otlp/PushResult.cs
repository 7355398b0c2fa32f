namespace MemSnoop.Exporter.Otlp;

/// <summary>How a push went.</summary>
/// <param name="Accepted">Points that the receiver has taken.</param>
/// <param name="Rejected">Points of messages that it has taken, but for these.</param>
/// <param name="Failed">Points of messages that did not reach it.</param>
/// <param name="Failure">Why not; null when all did.</param>
/// <param name="Warning">What the receiver said of messages that it has taken; null when nothing.</param>
internal readonly record struct PushResult(long Accepted, long Rejected, long Failed, string? Failure, string? Warning);
