using MemSnoop.Kernel;

namespace MemSnoop.WorkingSets;

/// <summary>Windows of one process, one after another, beside those of the passes, and what it accesses again in them.</summary>
internal interface IReaccessRun : IDisposable
{
    /// <summary>Ends a window and begins the next.</summary>
    /// <param name="sample">The window that has ended.</param>
    /// <param name="reaccessed">What was accessed again since the beginning.</param>
    ReadOutcome Turn(out WorkingSetSample sample, out ReaccessedSample reaccessed);
}
