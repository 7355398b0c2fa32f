using System.Runtime.InteropServices;
using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// The windows of processes and of groups of them: walks over the page tables of one process after another, once the windows of frames have ended, and keeps what is known of each
/// from pass to pass.
/// </summary>
internal sealed class ProcessWindows(PageIdleFiles files, PageWalk walk, AddressWalk addresses, Epochs epochs, ReachedAges? reached, PassShares shares, EstimatorOptions options)
{
    private readonly PageAges _scratch = new();

    internal Dictionary<ProcessIdentity, ProcessPages> Table { get; } = [];

    internal GroupTotals Groups { get; } = new();

    /// <summary>The pass that is under way, or the last one.</summary>
    internal PassTimes Times { get; set; }

    /// <summary>What disturbed the windows that end.</summary>
    internal DisturbanceReport Report { get; set; } = DisturbanceReport.Quiet;

    /// <summary>When the last pass marked frames, in the middle of it.</summary>
    internal TimeSpan Marked { get; set; }

    /// <summary>Pages that the process walked over last may have read by descriptor, without a trace.</summary>
    internal (long File, long Shmem) HiddenReads => walk.HiddenReads;

    /// <summary>Memory that is kept from pass to pass, in bytes.</summary>
    internal long StateBytes => _scratch.StateBytes + Table.Values.Sum(static pages => pages.Ages.StateBytes);

    /// <summary>If the frames of a process are marked in parts, its first window is complete one interval after the last part.</summary>
    private int WalksBeforeFirstWindow => options.Parts == 1 ? 1 : 2;

    /// <summary>Walks over a process at the end of a window, and completes its window if it was watched from the start on.</summary>
    /// <param name="process">The process.</param>
    /// <param name="group">The number of its group; 0 if it has none.</param>
    /// <param name="sink">Takes the window.</param>
    internal void Measure(TrackedProcess process, int group, IWorkingSetSink sink)
    {
        walk.Clear();
        ProcessPages pages = PagesOf(process);
        TimeSpan life = pages.IsNew && options.Parts == 1 && Times.Number > 1 ? files.LifeOf(process) : TimeSpan.MaxValue;
        bool isBornHere = life < Times.End - Times.Start;
        bool isComplete = isBornHere || pages.WasGlancedAt || pages.Walks >= WalksBeforeFirstWindow;
        NewPages newPages = isBornHere ? NewPages.AreUsedIfExclusive
            : pages.LacksAges ? NewPages.AreDoubtful
            : isComplete || group == 0 || Times.Number == 1 ? NewPages.AreUsed
            : NewPages.AreDoubtful;
        MemoryShare share = shares.Of(process, pages);
        ReadOutcome outcome = Walk(process, pages, share, group, newPages, isGlance: false);
        if (outcome != ReadOutcome.Success)
        {
            Fail(process, group, outcome, sink);
            return;
        }

        if (group != 0)
        {
            Groups.Add(walk.GroupTally, walk.Units);
        }

        if (isComplete)
        {
            WindowTimes times = isBornHere ? new WindowTimes(Times.End, life, TimeSpan.Zero)
                : pages is { Walks: 0, MarkedAt: { } marked } ? new WindowTimes(Times.End, Times.End - marked, TimeSpan.Zero)
                : walk.Window(Times.End, Times.End - Times.Start);
            TimeSpan firstSeen = isBornHere ? Times.End - life : pages.SharedSince ?? pages.FirstSeen;
            if (reached is not null)
            {
                ReaccessTotals totals = pages.Reaccessed ??= new ReaccessTotals();
                totals.Add(walk.Tally, reached, pages.Doubts, firstSeen, files.PageBytes);
                sink.Reaccessed(process, totals.Sample);
            }

            Complete(process, pages, times, firstSeen, sink);
            if (group != 0)
            {
                Groups.AddProcess(times.Window, firstSeen);
            }
        }

        pages.NoteShare(share, Times.End);
        pages.Take(_scratch, addresses.Areas.Areas, isBornHere ? Times.End - life : Times.End);
    }

    /// <summary>Walks over a process in the middle of a window, which goes on.</summary>
    internal void Glance(TrackedProcess process, TimeSpan now, IWorkingSetSink sink)
    {
        ProcessPages pages = PagesOf(process);
        TimeSpan life = files.LifeOf(process);
        bool isBornHere = pages.IsNew && life < now - Times.End;
        NewPages newPages = isBornHere ? NewPages.AreUsedIfExclusive : NewPages.AreUsed;
        MemoryShare share = shares.OfLook(process, pages);
        walk.Clear();
        ReadOutcome outcome = Walk(process, pages, share, 0, newPages, isGlance: true);
        if (outcome != ReadOutcome.Success)
        {
            pages.Forget();
            sink.Skipped(process, outcome);
            return;
        }

        TimeSpan? marked = pages.Walks > 0 ? Marked : pages.MarkedAt;
        if (isBornHere || marked is not null)
        {
            TimeSpan window = marked is { } start ? now - start : life;
            Complete(process, pages, new WindowTimes(now, window, TimeSpan.Zero), pages.IsNew ? now - life : pages.FirstSeen, sink);
        }

        pages.NoteShare(share, now);
        pages.TakeGlance(_scratch, addresses.Areas.Areas, isBornHere ? now - life : now);
    }

    /// <summary>A process that could not be walked over, or not to its end: what was found until then counts for its group.</summary>
    internal void Fail(TrackedProcess process, int group, ReadOutcome outcome, IWorkingSetSink sink)
    {
        Groups.Add(walk.GroupTally, walk.Units);
        if (group != 0 && outcome != ReadOutcome.ProcessGone)
        {
            Groups.AddUnknown((long)process.Stat.ResidentPages);
        }

        PagesOf(process).Forget();
        sink.Skipped(process, outcome);
    }

    /// <summary>What is kept of a process, which is there at this pass.</summary>
    internal ProcessPages PagesOf(TrackedProcess process)
    {
        ref ProcessPages? entry = ref CollectionsMarshal.GetValueRefOrAddDefault(Table, process.Identity, out _);
        entry ??= new ProcessPages();
        entry.Pass = Times.Number;
        return entry;
    }

    /// <summary>Completes the window of a group, all of whose processes were walked over.</summary>
    internal void CompleteGroup(string? group, IWorkingSetSink sink)
    {
        if (group is not null)
        {
            Groups.Note(group, Times.Number);
        }

        if (group is not null && Groups.Processes > 0)
        {
            Groups.AddDoubts(walk.GroupIdle, Report);
            if (reached is not null)
            {
                sink.GroupReaccessed(group, Groups.AddReaccessed(group, reached, files.PageBytes));
            }

            sink.GroupCompleted(group, Groups.ToSample(group, Times.End, epochs, options.IdleAges, files.PageBytes));
        }

        walk.GroupIdle.Clear();
        Groups.Clear();
    }

    /// <summary>Forgets the processes and groups that were not there at this pass.</summary>
    internal void Forget()
    {
        foreach ((ProcessIdentity identity, ProcessPages pages) in Table)
        {
            if (pages.Pass != Times.Number)
            {
                Table.Remove(identity);
            }
        }

        Groups.Forget(Times.Number);
    }

    private void Complete(TrackedProcess process, ProcessPages pages, WindowTimes times, TimeSpan firstSeen, IWorkingSetSink sink)
    {
        pages.Doubts.Add(times.End, walk.Tally.Doubtful, options.IdleAges[options.IdleAges.Count - 1]);
        WorkingSetSample sample = walk.Tally.ToSample(times, firstSeen, pages.Doubts, epochs, options.IdleAges, files.PageBytes);
        EstimateError? error = walk.Units.Count > 0 ? walk.Units.ErrorOf(files.PageBytes) : null;
        sink.Completed(process, sample with { LeftOutBytes = addresses.LeftOutBytes, Error = error });
    }

    private ReadOutcome Walk(TrackedProcess process, ProcessPages pages, MemoryShare share, int group, NewPages newPages, bool isGlance)
    {
        MemoryShare counted = PassShares.CountedOf(pages, options.Parts > 1);
        bool isSampled = !share.IsWhole || !counted.IsWhole;
        walk.Begin(new WalkTerms
        {
            Before = pages.Ages,
            After = _scratch,
            AreasBefore = pages.Areas,
            Counted = counted,
            Group = group,
            NewPages = newPages,
            IsGlance = isGlance,
            Report = Report,
        });
        ReadOutcome outcome = addresses.Walk(process, isSampled && share.IsWhole ? MemoryShare.InUnits : share, walk);
        if (outcome == ReadOutcome.Success && isSampled)
        {
            outcome = Scale(process, share.Bound < counted.Bound ? share : counted);
        }

        if (outcome == ReadOutcome.Success)
        {
            walk.AddDoubts(process, pages);
        }

        return outcome;
    }

    /// <summary>Has what was counted stand for all of the process.</summary>
    private ReadOutcome Scale(TrackedProcess process, MemoryShare counted)
    {
        // The kernel tells how much is resident of the whole address space, and not of some areas.
        long? resident = options.Areas == AreaFilter.All ? (long)process.Stat.ResidentPages : null;
        if (!walk.Units.TryWeigh(counted.Fraction, resident))
        {
            return ReadOutcome.SampleTooSmall;
        }

        walk.Scale(walk.Units.Weight, resident);
        return ReadOutcome.Success;
    }
}
