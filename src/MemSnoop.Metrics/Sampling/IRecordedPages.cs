using MemSnoop.Paging;

namespace MemSnoop.Metrics.Sampling;

/// <summary>Takes active pages, window after window.</summary>
internal interface IRecordedPages : IActivePages
{
    /// <summary>A window has ended, and its pages have been taken.</summary>
    /// <param name="window">Its length.</param>
    void EndWindow(TimeSpan window);
}
