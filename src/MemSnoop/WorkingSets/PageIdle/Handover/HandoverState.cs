using MemSnoop.Disturbances;
using MemSnoop.Paging;
using MemSnoop.Processes;

namespace MemSnoop.WorkingSets.PageIdle.Handover;

/// <summary>What the page_idle method knows between two passes, and has to be handed over for the windows to go on as if nothing had happened.</summary>
internal sealed class HandoverState
{
    internal required FrameTable Frames { get; init; }

    internal required Epochs Epochs { get; init; }

    internal required Dictionary<ProcessIdentity, ProcessPages> Processes { get; init; }

    internal required GroupTotals Groups { get; init; }

    /// <summary>Null if what is charged to containers is not measured.</summary>
    internal required ChargedPass? Charged { get; init; }

    internal required PageIdleFiles Files { get; init; }

    internal required EstimatorOptions Options { get; init; }

    /// <summary>Before the marks of the windows that are open.</summary>
    internal IDisturbanceMoment? Moment { get; set; }

    /// <summary>The number of the last pass.</summary>
    internal long Pass { get; set; }

    /// <summary>When the last pass began.</summary>
    internal TimeSpan WindowEnd { get; set; }

    /// <summary>When it marked frames, in the middle of it.</summary>
    internal TimeSpan Marked { get; set; }

    /// <summary>The share of memory that it measured.</summary>
    internal MemoryShare Share { get; set; } = MemoryShare.Whole;

    /// <summary>What <see cref="Files"/> says of where there can be memory.</summary>
    internal MemoryExtent Extent => field ??= MemoryExtent.Read(Files.ZoneInfoPath);

    /// <summary>Forgets everything.</summary>
    internal void Clear()
    {
        Moment?.Dispose();
        Moment = null;
        Frames.Clear();
        Epochs.Clear();
        Processes.Clear();
        Groups.ForgetAll();
        (Pass, WindowEnd, Marked, Share) = (0, TimeSpan.Zero, TimeSpan.Zero, MemoryShare.Whole);
    }
}
