using MemSnoop.Kernel;

namespace MemSnoop.Tracing;

/// <summary>There is no such process, or it may not be read.</summary>
/// <param name="pid">The pid asked for.</param>
/// <param name="outcome">What became of the attempt.</param>
public sealed class ProcessUnavailableException(int pid, ReadOutcome outcome)
    : Exception(outcome == ReadOutcome.ProcessGone ? $"there is no process {pid}" : $"process {pid} cannot be read ({outcome.ToReason()})")
{
    /// <summary>What became of the attempt to read it.</summary>
    public ReadOutcome Outcome { get; } = outcome;
}
