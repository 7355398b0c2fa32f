using MemSnoop.Paging;
using MemSnoop.Tracing;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>The pages that a pass reports are those that were touched, one by one, and as many as it counts.</summary>
public sealed class ActivePagesTests
{
    private const int Rounds = 30;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Pages_that_were_touched_are_reported_and_no_others(int seed)
    {
        Random random = new(seed);
        using FakeHost host = new();
        ActivePageRecorder recorder = new();
        using PageIdleEstimator estimator = host.Estimator(active: recorder);
        Passes passes = new(estimator);
        FakeProcess process = host.Start();
        Dictionary<FakeFolio, List<ulong>> folios = [];
        Fill(host, process.Map(700, FolioKind.Anon), FolioKind.Anon, random, folios);
        Fill(host, process.Map(90, FolioKind.File, inode: 7), FolioKind.File, random, folios);
        Pass(host, passes, process);

        for (int round = 0; round < Rounds; round++)
        {
            // From all at once over single pages to none.
            List<ulong> touched = [];
            double share = random.Next(4) switch { 0 => 0, 1 => 1, _ => random.NextDouble() };
            foreach ((FakeFolio folio, List<ulong> pages) in folios)
            {
                if (random.NextDouble() < share)
                {
                    FakeHost.Touch(folio);
                    touched.AddRange(pages);
                }
            }

            WorkingSetSample sample = Pass(host, passes, process);
            PageSample pageSample = recorder.ToSample(TimeSpan.Zero, sample.Window);
            Assert.Equal(Set(touched), pageSample.Active);
            Assert.Equal(sample.TotalBytes, pageSample.Active.Count * FakeArea.PageBytes);
            Assert.Equal(
                process.Areas.Select(static area => (area.StartPage * FakeArea.PageBytes, (area.StartPage + (ulong)area.Pages.Count) * FakeArea.PageBytes)),
                pageSample.Areas.Select(static area => (area.Start, area.End)));
        }
    }

    [Fact]
    public void Pages_that_cannot_be_tracked_are_not_reported()
    {
        using FakeHost host = new();
        ActivePageRecorder recorder = new();
        using PageIdleEstimator estimator = host.Estimator(active: recorder);
        Passes passes = new(estimator);
        FakeProcess process = host.Start();
        FakeArea area = process.Map(20, FolioKind.Driver);
        FakeProcess.Set(area, 3, new FakePage(host.Allocate(FolioKind.Driver), 0));
        FakeProcess.Set(area, 4, new FakePage(host.Allocate(FolioKind.Zero), 0));
        Pass(host, passes, process);
        Pass(host, passes, process);
        Assert.Same(PageRangeSet.Empty, recorder.ToSample(TimeSpan.Zero, Window).Active);
    }

    /// <summary>Folios of up to 16 pages with holes between them; some are mapped in part.</summary>
    private static void Fill(FakeHost host, FakeArea area, FolioKind kind, Random random, Dictionary<FakeFolio, List<ulong>> folios)
    {
        for (int page = random.Next(4); page < area.Pages.Count;)
        {
            FakeFolio folio = host.Allocate(kind, random.Next(5));
            List<ulong> pages = folios[folio] = [];
            for (int part = 0; part < folio.Pages && page < area.Pages.Count; part++, page++)
            {
                if (part == 0 || random.Next(8) > 0)
                {
                    FakeProcess.Set(area, page, new FakePage(folio, part));
                    pages.Add(area.StartPage + (ulong)page);
                }
            }

            page += random.Next(6) == 0 ? random.Next(80) : 0;
        }
    }

    private static WorkingSetSample Pass(FakeHost host, Passes passes, FakeProcess process)
    {
        host.Clock.Advance(Window);
        host.Write();
        passes.Run(process.Tracked);
        return passes.Reported == 1 ? passes.Completed(process.Tracked) : default;
    }

    private static PageRangeSet Set(List<ulong> pages)
    {
        pages.Sort();
        PageRangeSet.Builder builder = new();
        pages.ForEach(page => builder.Add(page, 1));
        return builder.Build();
    }
}
