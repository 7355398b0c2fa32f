using System.Runtime.InteropServices;
using MemSnoop.Paging;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>What the engine keeps, and what a pass leaves to the garbage collector, with many pages: all files are plain.</summary>
public class EngineStateTests
{
    private const int SmallPages = 10_000;
    private const int LargePages = 1_000_000;

    [Fact]
    public void A_page_costs_little_state_and_no_garbage()
    {
        long small = Measure(SmallPages, out _);
        long large = Measure(LargePages, out long state);

        // A byte a page with an eighth of slack, as much again for the process under way, three bits and a byte a frame.
        Assert.InRange(state, LargePages, LargePages * 3.7);
        Assert.InRange(small, 0, 4096);
        Assert.InRange(large, 0, small + 512);
    }

    private static long Measure(int pages, out long stateBytes)
    {
        using FakeHost host = new();
        FakeProcess process = host.Start();
        FakeArea area = process.Map(pages, FolioKind.Anon);
        process.Write();
        ulong firstFrame = 4096;
        string pagemap = host.Paths.Proc($"{process.Pid.ToString(System.Globalization.CultureInfo.InvariantCulture)}/pagemap");
        WriteWords(pagemap, (long)area.StartPage, pages, i => (1UL << 63) + firstFrame + (ulong)i);
        WriteWords(host.Paths.Proc("kpageflags"), (long)firstFrame, pages, static _ => (1UL << 5) | (1UL << 12) | (1UL << 14));
        WriteWords(host.BitmapFile, 0, (pages / 64) + 128, static _ => 0);

        using PageIdleEstimator estimator = PageIdleEstimator.Open(host.Paths, new EstimatorOptions(), host.Clock);
        Passes passes = new(estimator);
        for (int i = 0; i < 3; i++)
        {
            Pass();
        }

        // Another tenth is used in each window: a page that changes costs no more than one that does not.
        long before = GC.GetAllocatedBytesForCurrentThread();
        const int Rounds = 4;
        for (int i = 0; i < Rounds; i++)
        {
            Pass();
        }

        long allocated = (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds;
        Assert.Equal((ulong)pages * 4096, passes.Completed(process.Tracked).ResidentBytes);
        stateBytes = estimator.StateBytes;
        return allocated;

        void Pass()
        {
            host.Clock.Advance(TimeSpan.FromSeconds(60));
            passes.Run(process.Tracked);
        }
    }

    private static void WriteWords(string path, long at, int count, Func<int, ulong> word)
    {
        ulong[] words = [.. Enumerable.Range(0, count).Select(word)];
        using FileStream file = File.OpenWrite(path);
        file.Position = at * sizeof(ulong);
        file.Write(MemoryMarshal.AsBytes(words.AsSpan()));
    }
}
