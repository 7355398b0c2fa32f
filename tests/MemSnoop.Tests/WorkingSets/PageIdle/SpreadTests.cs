using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>A pass in four parts: each part ends the windows of a quarter of the blocks and walks a quarter of the processes.</summary>
public sealed class SpreadTests : IDisposable
{
    private const int Parts = 4;
    private const int PagesOfABlock = 50;

    private static readonly TimeSpan Step = TimeSpan.FromSeconds(15);

    private readonly FakeHost _host = new();
    private readonly PageIdleEstimator _estimator;
    private readonly Sink _sink = new();
    private int _part;

    public SpreadTests() =>
        _estimator = _host.Estimator(new EstimatorOptions { Parts = Parts, IdleAges = new IdleAges([TimeSpan.Zero, Parts * Step, 2 * Parts * Step]) });

    [Fact]
    public void Each_process_gets_its_first_window_after_two_rounds_and_every_number_is_right()
    {
        FakeProcess[] processes = [.. Enumerable.Range(0, 8).Select(_ => Fill(_host.Start()))];

        Round();
        Round();
        Assert.Empty(_sink.Samples);
        for (int round = 0; round < 6; round++)
        {
            Round();
            Assert.Equal(8, _sink.Samples.Count);
            Assert.All(processes, process =>
            {
                WorkingSetSample sample = _sink.Samples[process.Pid];
                Assert.Equal(Parts * Step, sample.Window);
                Assert.Equal(8UL * PagesOfABlock * FakeArea.PageBytes, sample.ResidentBytes);

                // Half of the blocks are touched before each part; see Fill.
                Assert.Equal(4UL * PagesOfABlock * FakeArea.PageBytes, sample.AnonBytes);
                Assert.Equal(4UL * PagesOfABlock * FakeArea.PageBytes, sample.Idle[1]);
            });
        }

        Assert.All(processes, process => Assert.Equal(4UL * PagesOfABlock * FakeArea.PageBytes, _sink.Samples[process.Pid].Idle[2]));
    }

    [Fact]
    public void A_touch_is_seen_in_one_window_of_each_page()
    {
        FakeProcess process = Fill(_host.Start());
        for (int round = 0; round < 4; round++)
        {
            Round(touch: false);
        }

        foreach (int part in Enumerable.Range(0, Parts))
        {
            Passes(part, touch: false);
            if (part == 1)
            {
                // In the middle of a round: the blocks of parts 0 and 1 see it in their next window, the others in this one.
                foreach (FakeFolio folio in _host.Folios)
                {
                    FakeHost.Touch(folio);
                }
            }
        }

        ulong active = 0;
        for (int round = 0; round < 3; round++)
        {
            active += process.Pid % Parts > 1 && round == 0 ? _sink.Samples[process.Pid].AnonBytes : 0;
            Round(touch: false);
            active += _sink.Samples[process.Pid].AnonBytes;
        }

        Assert.Equal(8UL * PagesOfABlock * FakeArea.PageBytes, active);
    }

    [Fact]
    public void Each_word_of_the_bitmap_is_read_once_a_round()
    {
        Fill(_host.Start());
        Round();
        Round();
        _host.Bitmap.WordsRead.Clear();
        Round();
        Assert.NotEmpty(_host.Bitmap.WordsRead);
        Assert.All(_host.Bitmap.WordsRead.Values, static times => Assert.Equal(1, times));
    }

    /// <summary>Pages in eight blocks, two for each part; those of every second block get touched all the time.</summary>
    private FakeProcess Fill(FakeProcess process)
    {
        FakeArea area = process.Map(8 * PagesOfABlock, FolioKind.Anon);
        for (int i = 0; i < area.Pages.Count; i++)
        {
            FakeProcess.Set(area, i, new FakePage(_host.Allocate(FolioKind.Anon, near: ((ulong)(i / PagesOfABlock) * 32768) + 64), 0));
        }

        return process;
    }

    private void Round(bool touch = true)
    {
        _sink.Samples.Clear();
        for (int part = 0; part < Parts; part++)
        {
            Passes(part, touch);
        }
    }

    private void Passes(int part, bool touch)
    {
        Assert.Equal(_part++ % Parts, part);
        _host.Clock.Advance(Step);
        foreach (FakeFolio folio in _host.Folios.Where(folio => touch && folio.First / 32768 % 2 == 0))
        {
            FakeHost.Touch(folio);
        }

        _host.Write();
        _estimator.Pass([.. _host.Processes.Select(static process => process.Tracked)], part, _sink);
    }

    public void Dispose()
    {
        _estimator.Dispose();
        _host.Dispose();
    }

    private sealed class Sink : IWorkingSetSink
    {
        public Dictionary<int, WorkingSetSample> Samples { get; } = [];

        public void Completed(MemSnoop.Processes.TrackedProcess process, in WorkingSetSample sample) => Samples[process.Identity.Pid] = sample;

        public void Skipped(MemSnoop.Processes.TrackedProcess process, MemSnoop.Kernel.ReadOutcome reason) => Assert.Fail(reason.ToString());
    }
}
