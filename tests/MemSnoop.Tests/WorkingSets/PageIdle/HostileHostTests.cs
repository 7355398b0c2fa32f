using System.Globalization;
using System.Runtime.InteropServices;
using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>Files that are cut short, processes that go: skipped and counted, or apart as unknown, never a wrong number.</summary>
public sealed partial class HostileHostTests : IDisposable
{
    private readonly FakeHost _host = new();

    [Theory]
    [InlineData(4096, 0, 100)] // not a frame of it
    [InlineData(4096 + 64, 64, 36)] // a whole word
    [InlineData(4096 + 127, 64, 36)] // and one that memory ends in, which cannot be read
    [InlineData(4096 + 128, 100, 0)]
    public void Frames_beyond_the_bitmap_are_resident_and_nothing_else_is_known(int bitmapFrames, int tracked, int untracked)
    {
        _host.BitmapFrames = (ulong)bitmapFrames;
        using PageIdleEstimator estimator = _host.Estimator();
        WorkingSetSample sample = Window(estimator, _host.Fill(_host.Start(), 100));

        Assert.Equal(Bytes(100), sample.ResidentBytes);
        Assert.Equal(Bytes(untracked), sample.UntrackedBytes);
        Assert.Equal(0UL, sample.TotalBytes);
        Assert.Equal(Bytes(tracked), sample.Idle[1]);
    }

    [Theory]
    [InlineData(4096, 0)]
    [InlineData(4096 + 64, 64)]
    [InlineData(4096 + 127, 64)]
    public void A_bitmap_file_that_is_cut_short_is_the_same(int frames, int tracked)
    {
        FakeProcess process = _host.Fill(_host.Start(), 100);
        File.WriteAllBytes(_host.BitmapFile, new byte[frames / 8]);
        using PageIdleEstimator estimator = PageIdleEstimator.Open(_host.Paths, new EstimatorOptions { IdleAges = new IdleAges([TimeSpan.Zero, TimeSpan.FromSeconds(1)]) }, _host.Clock);
        Passes passes = new(estimator);
        Run(passes);

        // A plain file grows where the kernel would refuse. By the call itself: a FileStream would ask for the lock.
        Assert.Equal(0, Truncate(_host.BitmapFile, frames / 8));

        Run(passes);
        WorkingSetSample sample = passes.Completed(process.Tracked);
        Assert.Equal(Bytes(100 - tracked), sample.UntrackedBytes);
        Assert.Equal(Bytes(tracked), sample.Idle[1]);
        Assert.Equal(0UL, sample.TotalBytes);
    }

    [Fact]
    public void Flags_that_end_early_leave_frames_unknown()
    {
        FakeProcess process = _host.Fill(_host.Start(), 100);
        using PageIdleEstimator estimator = _host.Estimator();
        Passes passes = new(estimator);
        Run(passes);
        foreach (FakeFolio folio in _host.Folios)
        {
            FakeHost.Touch(folio);
        }

        using (FileStream file = File.OpenWrite(_host.Paths.Proc("kpageflags")))
        {
            file.SetLength((4096 + 30) * sizeof(ulong));
        }

        _host.Clock.Advance(TimeSpan.FromSeconds(60));
        passes.Run(process.Tracked);
        Assert.Equal(Bytes(30), passes.Completed(process.Tracked).AnonBytes);
        Assert.Equal(Bytes(70), passes.Completed(process.Tracked).UntrackedBytes);
    }

    [Fact]
    public void Hidden_frame_numbers_are_no_working_set()
    {
        FakeProcess hidden = _host.Fill(_host.Start(), 100);
        FakeProcess shown = _host.Fill(_host.Start(), 100);
        using PageIdleEstimator estimator = _host.Estimator();
        Passes passes = new(estimator);
        Run(passes);
        Run(passes);
        Assert.Equal(2, passes.AllCompleted.Count);

        // What the kernel shows without CAP_SYS_ADMIN: present, but where is 0.
        string pagemap = _host.Paths.Proc($"{hidden.Pid.ToString(CultureInfo.InvariantCulture)}/pagemap");
        using (BinaryWriter file = new(File.OpenWrite(pagemap)))
        {
            file.BaseStream.Position = (long)hidden.Areas[0].StartPage * sizeof(ulong);
            for (int i = 0; i < 100; i++)
            {
                file.Write(1UL << 63);
            }
        }

        passes.Run(hidden.Tracked, shown.Tracked);
        Assert.Equal(ReadOutcome.Denied, passes.Skipped(hidden.Tracked));
        Assert.Equal(Bytes(100), passes.Completed(shown.Tracked).ResidentBytes);

        // It starts anew: a first window needs a mark of its own.
        Run(passes);
        Assert.Equal(1, passes.Reported);
        Run(passes);
        Assert.Equal(0, passes.Completed(hidden.Tracked).KnownAges - 3);
    }

    [Fact]
    public void A_process_that_ended_is_gone_and_the_others_are_right()
    {
        FakeProcess leaves = _host.Fill(_host.Start(), 10);
        FakeProcess stays = _host.Fill(_host.Start(), 20);
        using PageIdleEstimator estimator = _host.Estimator();
        Passes passes = new(estimator);
        Run(passes);
        Directory.Delete(_host.Paths.Proc(leaves.Pid.ToString(CultureInfo.InvariantCulture)), recursive: true);
        _host.Clock.Advance(TimeSpan.FromSeconds(60));

        passes.Run(leaves.Tracked, stays.Tracked);

        Assert.Equal(ReadOutcome.ProcessGone, passes.Skipped(leaves.Tracked));
        Assert.Equal(Bytes(20), passes.Completed(stays.Tracked).Idle[1]);
    }

    [Theory]
    [InlineData("maps", "", ReadOutcome.ProcessGone)]
    [InlineData("maps", "01000000-0100", ReadOutcome.Malformed)]
    [InlineData("maps", "01000000-01064000 rw-p 00000000 00:00 0\nnonsense\n", ReadOutcome.Malformed)]
    [InlineData("pagemap", "", ReadOutcome.ProcessGone)]
    public void Files_that_end_in_the_middle_are_no_working_set(string name, string text, ReadOutcome expected)
    {
        FakeProcess process = _host.Fill(_host.Start(), 100);
        using PageIdleEstimator estimator = _host.Estimator();
        Passes passes = new(estimator);
        Run(passes);
        File.WriteAllText(_host.Paths.Proc($"{process.Pid.ToString(CultureInfo.InvariantCulture)}/{name}"), text);

        passes.Run(process.Tracked);

        Assert.Equal(expected, passes.Skipped(process.Tracked));
        Assert.Empty(passes.AllCompleted);
    }

    [Fact]
    public void An_area_that_was_unmapped_after_the_areas_were_read_is_simply_not_there()
    {
        FakeProcess process = _host.Fill(_host.Start(), 100);
        _host.Fill(process, 50);
        using PageIdleEstimator estimator = _host.Estimator();
        Passes passes = new(estimator);
        Run(passes);
        for (int i = 0; i < 100; i++)
        {
            FakeProcess.Set(process.Areas[0], i, default);
        }

        Run(passes);
        Assert.Equal(Bytes(50), passes.Completed(process.Tracked).ResidentBytes);
    }

    /// <summary>Copy on write during a pass: the page was used, and lies in a frame that nobody had when the windows ended.</summary>
    [Fact]
    public void A_frame_that_was_free_when_its_window_ended_and_is_mapped_when_the_process_is_walked_was_used()
    {
        FakeProcess gone = _host.Fill(_host.Start(), 100);
        FakeProcess copies = _host.Fill(_host.Start(), 100);
        Action? betweenReadingAndWalking = null;
        using PageIdleEstimator estimator = _host.Estimator(new EstimatorOptions
        {
            IdleAges = new IdleAges([TimeSpan.Zero, TimeSpan.FromSeconds(1)]),
            GroupOf = _ =>
            {
                Action? once = betweenReadingAndWalking;
                betweenReadingAndWalking = null;
                once?.Invoke();
                return null;
            },
        });
        Passes passes = new(estimator);
        Run(passes);
        ulong[] frames = [.. gone.Areas[0].Pages.Select(static page => page.Frame)];
        gone.Unmap(gone.Areas[0]);
        _host.FreeUnmapped();
        betweenReadingAndWalking = () =>
        {
            for (int i = 0; i < frames.Length; i++)
            {
                FakeProcess.Set(copies.Areas[0], i, new FakePage(_host.Allocate(FolioKind.Anon, near: frames[i]), 0));
            }

            _host.Write();
        };
        Run(passes);

        WorkingSetSample sample = passes.Completed(copies.Tracked);
        Assert.Equal(frames, copies.Areas[0].Pages.Select(static page => page.Frame));
        Assert.Equal((Bytes(100), Bytes(0)), (sample.AnonBytes, sample.UntrackedBytes));

        // They are marked, and the next window is about them.
        Run(passes);
        Assert.Equal((Bytes(0), Bytes(100)), (passes.Completed(copies.Tracked).AnonBytes, passes.Completed(copies.Tracked).Idle[1]));
    }

    [Fact]
    public void A_reservation_of_128_TiB_is_left_out_said_and_takes_no_time()
    {
        FakeProcess process = _host.Fill(_host.Start(), 100);
        string maps = _host.Paths.Proc($"{process.Pid.ToString(CultureInfo.InvariantCulture)}/maps");
        using PageIdleEstimator estimator = _host.Estimator();
        Passes passes = new(estimator);
        for (int pass = 0; pass < 2; pass++)
        {
            _host.Write();
            File.AppendAllText(maps, "10000000000-8010000000000 ---p 00000000 00:00 0\n");
            _host.Clock.Advance(TimeSpan.FromSeconds(60));
            passes.Run(process.Tracked);
        }

        WorkingSetSample sample = passes.Completed(process.Tracked);
        Assert.Equal(Bytes(100), sample.ResidentBytes);
        Assert.Equal(0x8010000000000UL - 0x10000000000UL, sample.LeftOutBytes);
    }

    [Fact]
    public void Only_areas_that_the_filter_lets_through_count()
    {
        FakeProcess process = _host.Fill(_host.Start(), 100);
        _host.Fill(process, 50);
        using PageIdleEstimator estimator = _host.Estimator(new EstimatorOptions { Areas = new AreaFilter { LongerThanPages = 50 } });
        WorkingSetSample sample = Window(estimator, process);

        Assert.Equal(Bytes(100), sample.ResidentBytes);
        Assert.Equal(100 / 64 + 1, _host.Bitmap.WordsRead.Count);
    }

    [Fact]
    public void Of_a_real_process_as_much_is_resident_as_the_kernel_says()
    {
        KernelPaths paths = new("/proc", _host.Paths.SysRoot, _host.Paths.RunDirectory);
        if (PageIdleSupport.Probe(paths).Reason == "no_capability")
        {
            // Who runs the tests without privileges sees that as an outcome, not as numbers.
            using Passing denied = new(paths, Environment.ProcessId);
            Assert.Equal(ReadOutcome.Denied, denied.Run().Skipped(denied.Process));
            return;
        }

        using Passing real = new(paths, Environment.ProcessId);
        real.Run();
        WorkingSetSample sample = real.Run().Completed(real.Process);
        Assert.Equal(ReadOutcome.Success, real.Process.ReadStatm(new KernelBuffer(), out MemSnoop.ProcFs.Statm statm));

        // This process goes on living while it is counted.
        Assert.InRange(sample.ResidentBytes / 4096.0 / statm.ResidentPages, 0.8, 1.2);
    }

    private WorkingSetSample Window(PageIdleEstimator estimator, FakeProcess process)
    {
        Passes passes = new(estimator);
        Run(passes);
        Run(passes);
        return passes.Completed(process.Tracked);
    }

    private void Run(Passes passes)
    {
        _host.Clock.Advance(TimeSpan.FromSeconds(60));
        _host.Write();
        passes.Run([.. _host.Processes.Select(static process => process.Tracked)]);
    }

    [LibraryImport("libc", EntryPoint = "truncate", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Truncate(string path, long length);

    private static ulong Bytes(int pages) => (ulong)pages * FakeArea.PageBytes;

    public void Dispose() => _host.Dispose();

    /// <summary>A real process, and a plain file as the bitmap.</summary>
    private sealed class Passing : IDisposable
    {
        private readonly PageIdleEstimator _estimator;
        private readonly Passes _passes;

        public Passing(KernelPaths paths, int pid)
        {
            Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(paths, new HandleBudget(10), pid, out TrackedProcess? process));
            Process = process!;
            _estimator = PageIdleEstimator.Open(paths, new EstimatorOptions(), TimeProvider.System);
            _passes = new Passes(_estimator);
        }

        public TrackedProcess Process { get; }

        public Passes Run()
        {
            _passes.Run(Process);
            return _passes;
        }

        public void Dispose()
        {
            Process.Dispose();
            _estimator.Dispose();
        }
    }
}
