using System.Diagnostics;
using System.Runtime.InteropServices;
using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Benchmarks.Engine;

/// <summary>The parts of a pass in the estimator's order, with a clock between them; nanoseconds of the fastest run.</summary>
internal sealed class StagedPass : IDisposable
{
    private readonly EngineHost _host;
    private readonly IdleBitmap _bitmap;
    private readonly KpageFlags _flags;
    private readonly FrameTable _frames = new();
    private readonly WindowReader _windows;
    private readonly PageWalk _walk;
    private readonly Epochs _epochs = new(TimeSpan.FromHours(1));
    private readonly AreaList _areas = new(AreaFilter.All, 4096);
    private readonly Pagemap _pagemap = new(4096);
    private readonly PageAges _scratch = new();
    private readonly ProcessPages[] _pages;
    private int _passes;

    internal StagedPass(EngineHost host)
    {
        _host = host;
        if (IdleBitmap.Open(host.Paths, out IdleBitmap? bitmap) != ReadOutcome.Success || KpageFlags.Open(host.Paths, out KpageFlags? flags) != ReadOutcome.Success)
        {
            throw new InvalidOperationException("the files of the fake host cannot be opened");
        }

        _bitmap = bitmap!;
        _flags = flags!;
        FolioResolver resolver = new(_flags, _bitmap);
        _windows = new WindowReader(_bitmap, resolver, static () => TimeSpan.FromTicks(Stopwatch.GetTimestamp()));
        _walk = new PageWalk(_frames, _areas, _epochs, new DeviceKinds(_flags), new FreshFrames(_frames, _flags, _bitmap, resolver), new FileReads(4096), kpageCgroup: null);
        _pages = [.. host.Processes.Select(static _ => new ProcessPages())];
    }

    internal double Words { get; private set; } = double.MaxValue;

    internal double Ages { get; private set; } = double.MaxValue;

    internal double Walk { get; private set; } = double.MaxValue;

    internal double Adopt { get; private set; } = double.MaxValue;

    internal void Run()
    {
        TimeSpan now = TimeSpan.FromMinutes(++_passes);
        _epochs.Begin(now);
        long start = Stopwatch.GetTimestamp();
        foreach (FrameBlock block in _frames.Blocks)
        {
            _windows.EndWindow(block);
        }

        long words = Stopwatch.GetTimestamp();
        foreach (FrameBlock block in _frames.Blocks)
        {
            AgeUpdate.Apply(block, _epochs.Current);
        }

        long ages = Stopwatch.GetTimestamp();
        for (int i = 0; i < _pages.Length; i++)
        {
            WalkOne(_host.Processes[i], _pages[i], now);
        }

        long walk = Stopwatch.GetTimestamp();
        foreach (FrameBlock block in _frames.Blocks)
        {
            _windows.AdoptSeen(block);
        }

        long end = Stopwatch.GetTimestamp();
        if (_passes > 2)
        {
            Words = Math.Min(Words, Stopwatch.GetElapsedTime(start, words).TotalNanoseconds);
            Ages = Math.Min(Ages, Stopwatch.GetElapsedTime(words, ages).TotalNanoseconds);
            Walk = Math.Min(Walk, Stopwatch.GetElapsedTime(ages, walk).TotalNanoseconds);
            Adopt = Math.Min(Adopt, Stopwatch.GetElapsedTime(walk, end).TotalNanoseconds);
        }
    }

    private void WalkOne(TrackedProcess process, ProcessPages pages, TimeSpan now)
    {
        process.Enter(out ProcessDirectory directory);
        _areas.Read(directory, out KernelHandle maps);
        _walk.Clear();
        _walk.Begin(new WalkTerms
        {
            Before = pages.Ages,
            After = _scratch,
            AreasBefore = pages.Areas,
            Counted = MemoryShare.Whole,
            Group = 0,
            NewPages = NewPages.AreUsed,
            IsGlance = false,
            Report = DisturbanceReport.Quiet,
        });
        _pagemap.Walk(directory, _areas.Areas, MemoryShare.Whole, _walk);
        maps.Dispose();
        process.Leave(directory);
        pages.Take(_scratch, _areas.Areas, now);
    }

    public void Dispose()
    {
        _bitmap.Dispose();
        _flags.Dispose();
    }
}
