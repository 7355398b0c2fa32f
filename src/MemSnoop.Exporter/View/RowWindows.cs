using MemSnoop.Disturbances;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.View;

/// <summary>Puts windows into rows.</summary>
internal static class RowWindows
{
    /// <summary>The same row with its last window, or the reason why it has none.</summary>
    internal static RowView With(this RowView row, in WorkingSetSample? window)
    {
        if (window is not { } sample)
        {
            return row with { Reason = "no_window" };
        }

        ulong idle = Idle(sample);
        return row with
        {
            ResidentBytes = sample.ResidentBytes,
            UsedBytes = sample.IsWhole ? sample.TotalBytes : null,
            ErrorBytes = sample.IsWhole ? sample.Error?.TotalBytes : null,
            LowerBytes = sample.IsWhole ? null : sample.TotalBytes,
            UpperBytes = sample.IsWhole ? null : sample.UpperTotalBytes,
            IdleBytes = idle,
            IdleShare = sample.ResidentBytes == 0 ? null : (double)idle / sample.ResidentBytes,
            WindowSeconds = sample.Window.TotalSeconds,
            Reason = sample.IsWhole ? null : sample.Disturbance.ToReason(),
        };
    }

    /// <summary>What was idle for the whole window, for certain.</summary>
    internal static ulong Idle(in WorkingSetSample sample) =>
        sample.ResidentBytes - Math.Min(sample.ResidentBytes, sample.UpperTotalBytes + (sample.UntrackedBytes ?? 0));
}
