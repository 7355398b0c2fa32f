namespace MemSnoop.Tracing;

/// <summary>Why a trace file did not yield all of its samples.</summary>
/// <param name="Reason">What is wrong, as part of a sentence about the file: "is cut short", "is damaged".</param>
/// <param name="Offset">Where in the file: the first byte that was of no use.</param>
/// <param name="SamplesKept">How many samples before that are whole.</param>
public sealed record PageTraceLoss(string Reason, long Offset, int SamplesKept)
{
    /// <summary>The loss in one line.</summary>
    public override string ToString() => $"{Reason} at byte {Offset}, after {SamplesKept} whole {(SamplesKept == 1 ? "sample" : "samples")}";
}
